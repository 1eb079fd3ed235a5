"""Every test of the workspace may ask for the kit's fixtures."""

import os

from hypothesis import settings

pytest_plugins = ["optima_kit.testing"]

# `./optima test --fast` tries each property on a few examples, the whole run on many.
settings.register_profile("fast", max_examples=5, stateful_step_count=20)
if os.environ.get("OPTIMA_TEST_FAST"):
    settings.load_profile("fast")
