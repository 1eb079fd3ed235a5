"""The identity service: tenants, people, units, roles, invitations, sign-in and tokens."""
