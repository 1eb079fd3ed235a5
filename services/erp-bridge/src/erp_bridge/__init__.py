"""Connections to the customer's ERP: mappings, links, checkpoints, conflicts."""
