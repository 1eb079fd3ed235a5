"""Every test of the workspace may ask for the kit's fixtures."""

pytest_plugins = ["optima_kit.testing"]
