-- One relay at a time reads what is unsent, in the order in which it was written. The index by partition and the
-- table of partitions serve the previous release's relays; the next release drops them.
CREATE INDEX outbox_unsent_in_order ON outbox (position) WHERE sent_at IS NULL;
