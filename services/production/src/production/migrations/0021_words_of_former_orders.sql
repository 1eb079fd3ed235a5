-- Of the orders that were there before their words.
INSERT INTO order_words (tenant_id, word, order_id)
SELECT tenant_id, key, id
FROM orders CROSS JOIN LATERAL word_keys_of(concat_ws(' ', number, title)) AS key
ON CONFLICT DO NOTHING;
