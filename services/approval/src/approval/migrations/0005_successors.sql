-- Who took over from somebody who left: asked in their place, and standing where they stood as requester.
ALTER TABLE people ADD COLUMN successor_id uuid;
-- What somebody asked for and is still open.
CREATE INDEX approvals_open_of_requester ON approvals (tenant_id, requester_id) WHERE state = 'open';
