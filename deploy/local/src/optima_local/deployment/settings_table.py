"""Generates docs/settings.md, which lists every variable that a service reads, from the settings models."""

import importlib
import json
import types
import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from optima_kit.field_docstrings import field_docstrings
from optima_kit.settings import Settings

from ..services import address_variable, asked
from .entries import ServiceEntry, service_entries

_HEAD = """\
<!-- Written by `python -m optima_local.deployment` from the settings models: change their docstrings. -->
# Settings

What a service's process reads from its environment, and nothing else. A wrong value ends it with status 2
and a line that names the variable. Secrets are never logged. The last column names the part of the chart's
values (`deploy/helm/optima/values.yaml`) in which it is set.
"""


CHART_SETS = {
    "OPTIMA_DATABASE_URL": "`postgres`",
    "OPTIMA_DATABASE_OWNER_URL": "`postgres`, only for migrations",
    "OPTIMA_DATABASE_BACKBONE_URL": "`postgres`",
    "OPTIMA_BROKER_URL": "`rabbitmq`",
    "OPTIMA_EVENT_KEYS": "`events`",
    "OPTIMA_UNSIGNED_EVENTS": "`events`",
    "OPTIMA_HTTP_HOST": "the image",
    "OPTIMA_HTTP_PORT": "the image",
    "OPTIMA_METRICS_HOST": "the image",
    "OPTIMA_METRICS_PORT": "the image",
    "OPTIMA_ISSUER": "`issuer`",
    "OPTIMA_JWKS_URL": "`issuer`",
    "OPTIMA_AUDIENCE": "`issuer`",
    "OPTIMA_TOKEN_TYPES": "`issuer`",
    "OPTIMA_ENVIRONMENT": "`environment`",
    "OPTIMA_GRACE_SECONDS": "`termination`",
    "OPTIMA_DRAIN_SECONDS": "`termination`",
    "OPTIMA_DROP_FOLDER_ROOT": "`dropFolder`",
    "OPTIMA_TRUSTED_PROXIES": "`proxies`",
    **{
        address_variable(name): "the Service of that name"
        for service in service_entries()
        for name in asked(service.asks)
    },
}
"""Variables that the chart sets, each with the part of its values that decides it. All others are set under
`env` or are secrets."""


_UNITS = {
    "per_second": "per second",
    "seconds": "seconds",
    "port": "port",
    "share": "0 to 1",
    "pool_size": "connections",
}
"""The units of numbers, by the ending of the setting's name."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable of one settings model."""

    variable: str
    default: str
    unit: str
    """Empty for what is not a number."""
    meaning: str
    secret: bool


def settings_model(service: ServiceEntry) -> type[Settings]:
    """Return the settings model that the service's bootstrap function takes."""
    bootstrap = importlib.import_module(f"{service.module}.bootstrap")
    model: type[Settings] = typing.get_type_hints(bootstrap.service)["settings"]
    return model


def settings_of(model: type[Settings]) -> list[Setting]:
    """Return the variables that the model reads. Raises ValueError if a field has no docstring, or is a
    number whose name says no unit."""
    meanings = _docstrings(model)
    return [
        Setting(
            f"OPTIMA_{name.upper()}",
            _default(field),
            _unit(name, field.annotation),
            meanings[name],
            any(issubclass(kind, SecretStr) for kind in _kinds(field.annotation)),
        )
        for name, field in model.model_fields.items()
    ]


def settings_table(services: Sequence[ServiceEntry]) -> str:
    """Return the table: first the settings of all services, then each service's own."""
    common = settings_of(Settings)
    known = {setting.variable for setting in common}
    text = f"{_HEAD}\n## Every service\n\n{_table(common)}"
    for service in services:
        own = [each for each in settings_of(settings_model(service)) if each.variable not in known]
        if own:
            text += f"\n## {service.name}\n\n{_table(own)}"
    return text


def _table(settings: Sequence[Setting]) -> str:
    rows = ["| variable | default | unit | secret | meaning | in the chart |", "|---|---|---|---|---|---|"]
    rows += [
        f"| `{each.variable}` | {each.default} | {each.unit} | {'yes' if each.secret else ''}"
        f" | {each.meaning} | {_in_the_chart(each)} |"
        for each in settings
    ]
    return "\n".join(rows) + "\n"


def _in_the_chart(setting: Setting) -> str:
    return CHART_SETS.get(setting.variable) or (
        "a key of the service's Secret" if setting.secret else "`env`"
    )


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    if field.default_factory is not None:
        return "made at the start"
    default = field.default
    if default is None or default == ():
        return "none"
    if isinstance(default, tuple):
        default = ", ".join(default)
    return f"`{default if isinstance(default, str | Path) else json.dumps(default)}`"


def _kinds(annotation: Any) -> Iterator[type]:
    """Yield the types that a value may have."""
    if get_origin(annotation) in (typing.Union, types.UnionType, typing.Annotated):
        for each in get_args(annotation):
            yield from _kinds(each)
    elif isinstance(annotation, type):
        yield annotation


def _unit(name: str, annotation: Any) -> str:
    if not {int, float}.intersection(_kinds(annotation)):
        return ""
    for ending, unit in _UNITS.items():
        if name.endswith(ending):
            return unit
    raise ValueError(f"{name} is a number: its name says no unit ({', '.join(_UNITS)})")


def _docstrings(model: type[Settings]) -> dict[str, str]:
    """Return the docstrings of the model's fields, including inherited ones, for a table."""
    found = field_docstrings(model)
    for name in model.model_fields:
        if name not in found:
            raise ValueError(f"{model.__name__}.{name} has no docstring")
    return {name: text.replace("|", "\\|") for name, text in found.items()}
