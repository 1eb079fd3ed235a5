"""The brief service: briefs with their revisions, prices, attachments, budgets and lifecycle."""
