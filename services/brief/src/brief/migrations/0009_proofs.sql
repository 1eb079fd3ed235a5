-- Proofs of a brief: files in versions, the review of each, pages to look at, and marks on them.
CREATE TABLE proofs (
    proof_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    brief_id uuid NOT NULL REFERENCES briefs,
    title text NOT NULL
);
SELECT optima_protect('proofs');
CREATE INDEX proofs_of_brief ON proofs (tenant_id, brief_id, proof_id);

CREATE TABLE proof_versions (
    proof_id uuid NOT NULL REFERENCES proofs,
    version integer NOT NULL,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    attachment_id uuid NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    size integer NOT NULL,
    sha256 text NOT NULL,
    data bytea NOT NULL,
    process text NOT NULL,
    reviewer_ids uuid[] NOT NULL,
    due_on date,
    submitted_at timestamptz NOT NULL,
    submitted_by uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('in_review', 'approved', 'approved_with_changes', 'rejected',
        'not_reviewed', 'superseded')),
    approval_id uuid,
    reason text,
    ended_at timestamptz,
    ended_by uuid,
    preview text NOT NULL CHECK (preview IN ('pending', 'ready', 'failed')),
    pages integer NOT NULL,
    PRIMARY KEY (proof_id, version)
) WITH (fillfactor = 80);
-- PDF, PNG and JPEG are compressed already.
ALTER TABLE proof_versions ALTER COLUMN data SET STORAGE EXTERNAL;
SELECT optima_protect('proof_versions');

CREATE TABLE proof_pages (
    proof_id uuid NOT NULL,
    version integer NOT NULL,
    page integer NOT NULL,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    width integer NOT NULL,
    height integer NOT NULL,
    image bytea NOT NULL,
    thumbnail bytea NOT NULL,
    PRIMARY KEY (proof_id, version, page),
    FOREIGN KEY (proof_id, version) REFERENCES proof_versions
);
ALTER TABLE proof_pages ALTER COLUMN image SET STORAGE EXTERNAL;
ALTER TABLE proof_pages ALTER COLUMN thumbnail SET STORAGE EXTERNAL;
SELECT optima_protect('proof_pages');

CREATE TABLE proof_annotations (
    annotation_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    proof_id uuid NOT NULL,
    version integer NOT NULL,
    page integer NOT NULL,
    -- Parts of the page's width and height.
    area jsonb NOT NULL,
    text text NOT NULL,
    author_id uuid NOT NULL,
    author_name text NOT NULL,
    at timestamptz NOT NULL,
    resolved_at timestamptz,
    resolved_by uuid,
    FOREIGN KEY (proof_id, version) REFERENCES proof_versions
);
SELECT optima_protect('proof_annotations');
CREATE INDEX proof_annotations_of_version ON proof_annotations (proof_id, version, annotation_id);

CREATE TABLE proof_replies (
    annotation_id uuid NOT NULL REFERENCES proof_annotations,
    reply bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    text text NOT NULL,
    author_id uuid NOT NULL,
    author_name text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (annotation_id, reply)
);
SELECT optima_protect('proof_replies');

DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON proofs, proof_replies FROM %I', optima_role('rw'));
    EXECUTE format('REVOKE DELETE ON proof_versions, proof_annotations FROM %I', optima_role('rw'));
END $$;

-- An erasure reaches what was said of proofs.
CREATE OR REPLACE FUNCTION erase_texts_of(person uuid) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
BEGIN ATOMIC
    UPDATE briefs SET requester_name = '' WHERE tenant_id = optima_tenant() AND requester_id = person;
    UPDATE briefs SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND reason IS NOT NULL AND EXISTS (
        SELECT FROM moves WHERE moves.brief_id = briefs.brief_id AND actor_id = person AND moves.reason = briefs.reason);
    UPDATE moves SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND actor_id = person AND reason IS NOT NULL;
    UPDATE comment_edits SET text = 'cancellato su richiesta'
    FROM comments
    WHERE comment_edits.tenant_id = optima_tenant() AND comments.brief_id = comment_edits.brief_id
        AND comments.comment_id = comment_edits.comment_id AND comments.author_id = person;
    UPDATE comments SET author_name = '', text = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND author_id = person;
    UPDATE quotation_requests SET note = '' WHERE tenant_id = optima_tenant() AND asked_by = person;
    UPDATE quotation_requests SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND asked_by = person AND reason IS NOT NULL;
    UPDATE quotation_answers SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND by = person AND reason IS NOT NULL;
    UPDATE quotation_answers SET quote = jsonb_set(quote, '{note}', '""')
    WHERE tenant_id = optima_tenant() AND by = person AND quote ? 'note';
    UPDATE proof_versions SET reason = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND ended_by = person AND reason IS NOT NULL;
    UPDATE proof_annotations SET author_name = '', text = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND author_id = person;
    UPDATE proof_replies SET author_name = '', text = 'cancellato su richiesta'
    WHERE tenant_id = optima_tenant() AND author_id = person;
END;
