"""Generates deployment files from one list of services: deploy/services.toml.

`python -m optima_local.deployment` writes these files.
"""
