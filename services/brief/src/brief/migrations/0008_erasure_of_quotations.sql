-- An erasure reaches what was asked of suppliers and what they answered.
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
END;
