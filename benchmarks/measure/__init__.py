"""What the benchmark measures, one kind a module."""
