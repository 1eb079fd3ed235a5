"""Orders, jobs, economics, phases, assignments."""
