-- Events that their source has not signed are parked as well.
ALTER TABLE parking DROP CONSTRAINT parking_reason_check;
ALTER TABLE parking ADD CONSTRAINT parking_reason_check
    CHECK (reason IN ('not_yet', 'failed', 'unparseable', 'unknown_type', 'forged', 'delivery_limit'));
