"""The texts of its refusals."""
