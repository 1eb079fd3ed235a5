-- As before: the owner sees no tenant's rows.
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
ALTER TABLE order_words FORCE ROW LEVEL SECURITY;
