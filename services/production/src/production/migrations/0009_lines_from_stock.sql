-- A line of an order may be taken from stock: it names an article of the warehouse, and nothing of it is made.
ALTER TABLE order_jobs ADD COLUMN article_id uuid;

-- The own copy of the warehouse's catalogue.
CREATE TABLE articles (
    tenant_id uuid NOT NULL DEFAULT optima_tenant(),
    id uuid NOT NULL,
    code text COLLATE "C" NOT NULL,
    description text NOT NULL,
    unit text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT optima_protect('articles');
CREATE UNIQUE INDEX articles_by_code ON articles (tenant_id, code);
