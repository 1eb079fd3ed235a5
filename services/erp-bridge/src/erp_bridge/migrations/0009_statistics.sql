-- A first import fills empty tables faster than the server looks at them by itself, and plans would be made for
-- nearly none. Only a table's owner may have it looked at.
CREATE FUNCTION analyze_records() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    ANALYZE records;
    ANALYZE links;
END $$;
REVOKE ALL ON FUNCTION analyze_records() FROM PUBLIC;
DO $$ BEGIN EXECUTE format('GRANT EXECUTE ON FUNCTION analyze_records() TO %I', optima_role('rw')); END $$;
