-- Every kind of link counts, those of documents once they are exported.
CREATE OR REPLACE FUNCTION count_new_links() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO link_counts AS counted (connection_id, entity, slot, links, last_export_at)
    SELECT connection_id, entity, pg_backend_pid() % 8, count(*), max(exported_at) FROM added
    WHERE entity NOT IN ('order', 'ddt') OR exported_at IS NOT NULL
    GROUP BY connection_id, entity ORDER BY connection_id, entity
    ON CONFLICT (connection_id, entity, slot) DO UPDATE
    SET links = counted.links + excluded.links,
        last_export_at = greatest(counted.last_export_at, excluded.last_export_at);
    RETURN NULL;
END $$;
