-- Production closed the line short: nothing more of it is shipped.
ALTER TABLE order_lines ADD COLUMN closed boolean NOT NULL DEFAULT false;
