-- Addresses are looked for in their composed form, NFC; whoever was stored otherwise could not sign in. Where somebody
-- has the composed form already, the other stays.
ALTER TABLE people NO FORCE ROW LEVEL SECURITY;
UPDATE people SET email = normalize(email, NFC)
WHERE email IS NOT NFC NORMALIZED
  AND NOT EXISTS (SELECT FROM people AS other
                  WHERE other.tenant_id = people.tenant_id AND other.email = normalize(people.email, NFC));
ALTER TABLE people FORCE ROW LEVEL SECURITY;
