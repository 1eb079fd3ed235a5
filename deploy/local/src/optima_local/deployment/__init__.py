"""What is deployed, from one list: deploy/services.toml.

`python -m optima_local.deployment` writes what follows from it.
"""
