-- Lines of an order that stand for a phase of production that a company outside does: `job_id` is the phase's,
-- `finisher` the company's destination, `quantity` how much of it may be sent there in all. Closed, nothing more may.
ALTER TABLE order_lines ADD COLUMN finisher text;
