"""Generates the Helm chart's values for the services, and the schema of all values."""

import json
import re
from collections.abc import Sequence
from typing import Any

from ..layout import ROOT
from .entries import ServiceEntry
from .settings_table import CHART_SETS, Setting, settings_model, settings_of

CHART = ROOT / "deploy" / "helm" / "optima"
_MARK = "# From here on written by `python -m optima_local.deployment` from deploy/services.toml.\n"


def chart_values(services: Sequence[ServiceEntry]) -> str:
    """Return values.yaml: a head that is written by hand, then a section for each service."""
    return (CHART / "values.head.yaml").read_text(encoding="utf-8") + "".join(
        ["\n", _MARK, "services:\n", *map(_service_values, services)]
    )


def _service_values(service: ServiceEntry) -> str:
    roles = "".join(
        f"      {name}:\n"
        f"        replicas: {{min: {role.replicas[0]}, max: {role.replicas[1]}}}\n"
        "        resources:\n"
        f"          requests: {{cpu: {role.cpu}, memory: {_half(role.memory)}}}\n"
        f"          limits: {{memory: {role.memory}}}\n"
        for name, role in service.roles.items()
    )
    return (
        f"  {service.name}:\n"
        "    enabled: true\n"
        f"    module: {service.module}\n"
        f"    public: {json.dumps(service.public)}\n"
        f"    asks: [{', '.join(service.asks)}]\n"
        f"    outside: [{', '.join(service.outside)}]\n"
        f"    secrets: [{', '.join(service.secrets)}]\n"
        "    # Further secrets of its Secret that it is to be given.\n"
        "    optionalSecrets: []\n"
        '    digest: ""\n'
        "    env: {}\n"
        f"    roles:\n{roles}"
    )


def _half(memory: str) -> str:
    match = re.fullmatch(r"(\d+)Mi", memory)
    if match is None:
        raise ValueError(f"{memory!r} is no number of Mi")
    return f"{int(match[1]) // 2}Mi"


def chart_schema(services: Sequence[ServiceEntry]) -> str:
    """Return values.schema.json. It allows only values that the chart uses and variables that the code
    reads."""
    by_service = {service.name: settings_of(settings_model(service)) for service in services}
    common = set.intersection(*({each.variable for each in own} for own in by_service.values()))
    schema = _object(_head_properties(sorted(common - CHART_SETS.keys())))
    schema["properties"]["services"] = _object(
        {service.name: _service_schema(service, by_service[service.name]) for service in services}
    )
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of optima"} | schema
    schema["properties"]["global"] = {"type": "object"}
    return json.dumps(schema, indent=2) + "\n"


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_NUMBER: dict[str, Any] = {"type": "number", "exclusiveMinimum": 0}
_SECONDS: dict[str, Any] = {"type": "number", "minimum": 0}
_PORT: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": 65535}
_MAP: dict[str, Any] = {"type": "object"}
_LIST: dict[str, Any] = {"type": "array"}
_DIGEST: dict[str, Any] = {"type": "string", "pattern": "^(sha256:[0-9a-f]{64})?$"}
_TEXTS: dict[str, Any] = {"type": "array", "items": _TEXT}


def _variables(names: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"enum": names},
        "additionalProperties": {"type": ["string", "number", "boolean"]},
    }


def _head_properties(variables: list[str]) -> dict[str, Any]:
    load = _object({"perSecond": _NUMBER, "targetSeconds": _NUMBER, "targetAgeSeconds": _NUMBER})
    return {
        "image": _object(
            {
                "registry": _TEXT | {"minLength": 1},
                "tag": _TEXT,
                "pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
                "pullSecrets": _LIST,
            }
        ),
        "environment": {"enum": ["production", "demonstration"]},
        "env": _variables(variables),
        "secrets": _object({"prefix": _TEXT}),
        "provision": _object({"enabled": _FLAG, "secret": _TEXT, "digest": _DIGEST}),
        "postgres": _object(
            {
                "host": _TEXT | {"minLength": 1},
                "port": _PORT,
                "sslMode": {"enum": ["disable", "require", "verify-ca", "verify-full"]},
                "caSecret": _TEXT,
                "caKey": _TEXT,
                "pooler": _object({"host": _TEXT, "port": _PORT}),
            }
        ),
        "rabbitmq": _object(
            {
                "host": _TEXT | {"minLength": 1},
                "port": _PORT,
                "vhost": _TEXT,
                "tls": _FLAG,
                "caSecret": _TEXT,
                "caKey": _TEXT,
            }
        ),
        "mail": _object({"caSecret": _TEXT}),
        "events": _object({"keys": _TEXT, "unsigned": {"enum": ["park", "accept"]}}),
        "proxies": _TEXTS,
        "issuer": _object({"url": _TEXT, "jwksUrl": _TEXT, "audience": _TEXT, "tokenTypes": _TEXT}),
        "termination": _object({"drainSeconds": _SECONDS, "graceSeconds": _SECONDS}),
        "autoscaling": _object(
            {
                "http": _object({"enabled": _FLAG, "targetCpuUtilization": {"type": "integer"}}),
                "keda": _object(
                    {
                        "enabled": _FLAG,
                        "prometheusUrl": _TEXT,
                        "queueLengthFrom": {"enum": ["prometheus", "rabbitmq"]},
                        "pollingSeconds": {"type": "integer", "minimum": 1},
                        "cooldownSeconds": {"type": "integer", "minimum": 0},
                        "consume": load,
                        "work": load,
                    }
                ),
            }
        ),
        "disruption": _object({"maxUnavailable": {"type": ["integer", "string"]}}),
        "networkPolicy": _object(
            {
                "enabled": _FLAG,
                "ingressNamespaces": _TEXTS,
                "monitoringNamespaces": _TEXTS,
                "postgres": _LIST,
                "rabbitmq": _LIST,
                "issuer": _LIST,
                "mailPorts": {"type": "array", "items": _PORT},
                "privateNetworks": _TEXTS,
            }
        ),
        "ingress": _object(
            {
                "enabled": _FLAG,
                "className": _TEXT,
                "domain": _TEXT,
                "annotations": _MAP,
                "tlsSecret": _TEXT,
                "tlsElsewhere": _FLAG,
                "gateway": _object({"enabled": _FLAG, "parentRefs": _LIST}),
            }
        ),
        "dropFolder": _object({"existingClaim": _TEXT}),
        "monitoring": _object(
            {
                "enabled": _FLAG,
                "labels": _MAP,
                "interval": _TEXT,
                "runbookUrl": _TEXT,
                "dashboards": _FLAG,
            }
        ),
        "tracing": _object(
            {"url": _TEXT, "port": _PORT, "share": {"type": "number", "minimum": 0, "maximum": 1}}
        ),
        "priorityClassName": _TEXT,
        "nodeSelector": _MAP,
        "tolerations": _LIST,
    }


def _service_schema(service: ServiceEntry, settings: Sequence[Setting]) -> dict[str, Any]:
    variables = [each.variable for each in settings if each.variable not in CHART_SETS]
    optional = [
        each.variable
        for each in settings
        if each.secret and each.variable not in CHART_SETS and each.variable not in service.secrets
    ]
    optional_secrets = {"type": "array", "items": {"enum": optional}} if optional else {"maxItems": 0}
    role = _object(
        {
            "replicas": _object({"min": {"type": "integer", "minimum": 1}, "max": {"type": "integer"}}),
            "resources": _MAP,
        }
    )
    return _object(
        {
            "enabled": _FLAG,
            "module": {"const": service.module},
            "public": _FLAG,
            "asks": _TEXTS,
            "outside": _TEXTS,
            "secrets": {"const": list(service.secrets)},
            "optionalSecrets": optional_secrets,
            "digest": _DIGEST,
            "env": _variables([name for name in variables if name not in {*optional, *service.secrets}]),
            "roles": _object(dict.fromkeys(service.roles, role)),
        }
    )
