"""Briefs, their revisions, prices, attachments and the lifecycle that people follow."""
