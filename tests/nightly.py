"""What takes minutes and needs more of a machine than CI gives: run with OPTIMA_TEST_PROFILE=nightly."""

import os

import pytest

PROFILE = os.environ.get("OPTIMA_TEST_PROFILE")
NIGHTLY = pytest.mark.skipif(PROFILE != "nightly", reason="a night's check: OPTIMA_TEST_PROFILE=nightly")
