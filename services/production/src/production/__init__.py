"""Production: orders and their jobs, economics, phases and assignments."""
