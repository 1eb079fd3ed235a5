"""The rules of approval: processes as data, and the engine that runs them. No I/O, no clock."""
