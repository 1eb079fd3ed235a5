-- Who wants to know how an approval ends, beside its requester.
ALTER TABLE approvals ADD COLUMN watchers uuid[] NOT NULL DEFAULT '{}';
