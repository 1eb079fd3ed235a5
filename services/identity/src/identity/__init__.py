"""Tenants, people, units, roles, invitations, sign-in, tokens."""
