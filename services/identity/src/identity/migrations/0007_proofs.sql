-- When the session's person last showed their password or a code of their second factor, after its beginning.
ALTER TABLE sessions ADD COLUMN proven_at timestamptz;
