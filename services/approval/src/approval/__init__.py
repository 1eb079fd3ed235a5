"""Approval processes as data, approvals, decisions, delegations, timers."""
