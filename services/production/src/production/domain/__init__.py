"""What may happen to orders, jobs and phases, and when."""
