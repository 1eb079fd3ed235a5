"""A night's check: what a newcomer sees with a Tryton as the ERP, from the brief to the invoice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from optima_kit.testing.nights import NIGHTLY
from optima_local.layout import ROOT

pytestmark = [NIGHTLY, pytest.mark.servers, pytest.mark.timeout(900)]


def test_a_brief_becomes_a_sale_there_and_its_invoice_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home: Path = tmp_path_factory.mktemp("with-tryton")
    environment = {**os.environ, "OPTIMA_HOME": str(home)}
    for variable in ("OPTIMA_POSTGRES_URL", "OPTIMA_AMQP_URL"):
        environment.pop(variable, None)
    optima = [sys.executable, "-m", "optima_local"]
    try:
        up = subprocess.run(
            [*optima, "up", "--erp", "tryton"],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=800,
        )
        assert up.returncode == 0, up.stdout + up.stderr
        for step in (
            "Tryton hands over its customers",
            "Tryton has the order and the DDTs",
            "Tryton changes a customer's payment terms",
            "Tryton posts the invoice, and the DDTs are invoiced here",
        ):
            assert step in up.stdout
    finally:
        subprocess.run([*optima, "reset"], env=environment, cwd=ROOT, check=True, timeout=120)
