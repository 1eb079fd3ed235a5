"""deploy/services.toml names the services that there are, with their roles, and all else follows from it."""

import ast
import importlib
import inspect
import re
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from pydantic import ValidationError

from optima_kit.settings import Settings
from optima_local.demonstration.__main__ import addresses_of, stage_at
from optima_local.demonstration.__main__ import main as demonstrate
from optima_local.deployment import __main__ as deployment
from optima_local.deployment.entries import FILE, ServiceEntry, service_entries
from optima_local.deployment.lists import with_lists
from optima_local.deployment.settings_table import settings_model, settings_of
from optima_local.layout import ROOT

SERVICES = service_entries()


def test_what_follows_from_the_list_is_current() -> None:
    assert deployment.stale() == [], "run python -m optima_local.deployment and look at what changes"


def test_what_is_stale_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(deployment, "service_entries", lambda: service_entries()[:-1])
    assert deployment.main(["--check"]) == 1
    told = capsys.readouterr().err
    for name in ("deploy/compose.yaml", "deploy/rabbitmq/access.toml", "docs/settings.md", "pyproject.toml"):
        assert f"{name} is not current" in told


def test_the_list_names_the_services_that_there_are() -> None:
    found = {(path.parts[-4], path.parts[-2]) for path in ROOT.glob("services/*/src/*/__main__.py")}
    assert {(service.name, service.module) for service in SERVICES} == found


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_its_roles_are_those_for_which_it_has_work(service: ServiceEntry) -> None:
    source = inspect.getsource(importlib.import_module(f"{service.module}.bootstrap"))
    made = source.partition("return Service(")[2]
    wanted = {"http", "relay"}
    wanted |= {"consume"} if "reactions=" in made else set()
    wanted |= {"work"} if re.search(r"\bjobs=jobs\b", made) else set()
    assert set(service.roles) == wanted


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_its_secrets_are_secrets_that_it_needs(service: ServiceEntry) -> None:
    common = {setting.variable for setting in settings_of(Settings)}
    needed = {
        setting.variable
        for setting in settings_of(settings_model(service))
        if setting.secret and setting.default == "needed" and setting.variable not in common
    }
    assert set(service.secrets) == needed | {"OPTIMA_EVENT_SECRET"}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_its_image_gets_every_library_that_it_imports(service: ServiceEntry) -> None:
    lines = (ROOT / "requirements" / f"{service.name}.txt").read_text(encoding="utf-8").splitlines()
    locked = {line.partition("==")[0].partition("[")[0] for line in lines if "==" in line}
    known = {*sys.stdlib_module_names, "optima_kit", "optima_contracts", service.module}
    imported = {
        name.partition(".")[0]
        for file in (ROOT / "services" / service.name / "src").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        for name in names_imported_by(node)
    }
    missing = {name for name in imported - known if locked.isdisjoint(libraries().get(name, ()))}
    assert missing == set(), "requirements/compile"


@cache
def libraries() -> dict[str, set[str]]:
    """By the package that is imported: the names under which locks have it."""
    return {
        package: {re.sub("[-_.]+", "-", name).lower() for name in names}
        for package, names in packages_distributions().items()
    }


def names_imported_by(node: ast.AST) -> list[str]:
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
    return []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('asks = ["identity"]', 'asks = ["nobody"]', "asks nobody"),
        ("public = true", "public = true\nport = 8080", "port"),
        ("replicas = [2, 10]", "replicas = [0, 10]", "replicas"),
        ("[brief.roles]", "[brief.roles]\nserve = {}", "serve"),
    ],
)
def test_a_wrong_entry_is_refused(tmp_path: Path, old: str, new: str, problem: str) -> None:
    file = tmp_path / "services.toml"
    file.write_text(FILE.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises((ValidationError, ValueError), match=problem):
        service_entries(file)


def test_one_entry_more_reaches_every_list() -> None:
    portal = SERVICES[0].model_copy(update={"name": "portal", "module": "portal"})
    text = with_lists((ROOT / "pyproject.toml").read_text(encoding="utf-8"), [*SERVICES, portal])
    assert text.count('"portal", # deploy/services.toml') == text.count("# deploy/services.toml") == 6
    assert '$MYPY_CONFIG_FILE_DIR/services/portal/src"""' in text


def test_no_file_but_the_generated_ones_lists_the_services() -> None:
    """Whoever adds a service finds every place by the one list."""
    generated = {file.relative_to(ROOT) for file in deployment.files()}
    listed = re.compile(r"\bapproval\b\W+\bbrief\b\W+\berp[_-]bridge\b\W+\bidentity\b")
    kinds = {".py", ".toml", ".yaml", ".yml", ".json", ".sh", ""}
    found = [
        file.relative_to(ROOT)
        for place in ("shared", "services", "deploy", "tests", "benchmarks", "docs", "requirements", ".ci")
        for file in (ROOT / place).rglob("*")
        if file.is_file() and file.suffix in kinds and "__pycache__" not in file.parts
        if listed.search(file.read_text(encoding="utf-8", errors="ignore"))
    ]
    assert [file for file in found if file not in generated] == []


def test_the_demonstration_finds_the_services_of_a_cluster(tmp_path: Path) -> None:
    stage = stage_at(addresses_of("https://{service}.optima.example.com"), "secret", tmp_path)
    assert stage.addresses["erp-bridge"] == "https://erp-bridge.optima.example.com"
    assert stage.addresses.keys() == {service.name for service in SERVICES}
    assert demonstrate([]) == 2


def test_the_guide_names_files_that_there_are() -> None:
    guide = ROOT / "deploy" / "README.md"
    text = guide.read_text(encoding="utf-8")
    places = "tests|shared|services|benchmarks"
    named = re.findall(r"\]\(([\w./-]+)\)", text) + re.findall(rf"`((?:{places})/[\w./-]+)`", text)
    assert [name for name in named if not ((guide.parent / name).exists() or (ROOT / name).exists())] == []
    commands = text.partition("## Ten commands")[2].partition("\n## ")[0]
    steps = re.findall(r"^\*\*(\d+)\. ", commands, re.MULTILINE)
    assert steps == [str(number) for number in range(1, 11)]
    assert len(re.findall(r"\bCheck:\s", commands)) == 10
