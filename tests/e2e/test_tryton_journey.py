"""With a Tryton as the ERP, from the brief to the invoice: by day beside the other journeys on their stack,
at night as a newcomer sees it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from optima_kit.testing.nights import NIGHTLY
from optima_local.demonstration.journey import Journey, Step
from optima_local.demonstration.show import Stage, customer_of
from optima_local.demonstration.tryton_erp import show_tryton
from optima_local.layout import ROOT
from optima_local.tryton_people import tryton_server
from tests.stack import Stack

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("stack")]

STEPS = (
    "Tryton hands over its customers",
    "Tryton has the order and the DDTs",
    "Tryton changes a customer's payment terms",
    "Tryton posts the invoice, and the DDTs are invoiced here",
)


@pytest.fixture
def stage(stack: Stack, tmp_path: Path) -> Iterator[Stage]:
    """That of another tenant, as large as the demonstration's."""
    data = Path(shutil.copytree(ROOT / "deploy" / "demo", tmp_path / "demo"))
    customer = data / "customer.yaml"
    text = customer.read_text("utf-8").replace("slug: caffe-aurora", "slug: caffe-tryton")
    customer.write_text(text.replace("@caffeaurora.example", "@caffetryton.example"), "utf-8")
    with tryton_server(tmp_path / "tryton") as server:
        progress = tmp_path / "demonstration.json"
        yield replace(stack.stage, data=data, progress=progress, tryton=server.url)


@pytest.mark.journey
@pytest.mark.timeout(600)
async def test_a_brief_becomes_a_sale_in_tryton_and_its_invoice_comes_back(stage: Stage) -> None:
    assert stage.tryton is not None
    async with customer_of(stage, patience=20.0) as customer:
        told: list[Step] = []
        wanted = customer.data.briefs["briefs"][0]
        journey = Journey(customer, wanted, customer.people["marketing"], told.append)
        await journey.run()
        await show_tryton(journey, stage.tryton)
    assert [each.title for each in told if each.title in STEPS] == list(STEPS)


@NIGHTLY
@pytest.mark.timeout(900)
def test_up_shows_it_to_a_newcomer(tmp_path_factory: pytest.TempPathFactory) -> None:
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
        for step in STEPS:
            assert step in up.stdout
    finally:
        subprocess.run([*optima, "reset"], env=environment, cwd=ROOT, check=True, timeout=120)
