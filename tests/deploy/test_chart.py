"""The chart renders every example into manifests that Kubernetes and the operators take, and that keep our
rules.

There is no API server here: what it would refuse beyond its schemas, whether policies are enforced, and how
autoscalers behave is not shown by these tests.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import helm_python as helm
import kubernetes_validate
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.npm_packages import npm_folder

from optima_local.deployment.autoscaling import desired_replicas, per_replica
from optima_local.deployment.entries import service_entries
from optima_local.deployment.settings_table import CHART_SETS, settings_model, settings_of
from optima_local.layout import ROOT

CHART = ROOT / "deploy" / "helm" / "optima"
EXAMPLES = sorted(
    path.stem
    for path in (ROOT / "deploy" / "helm" / "examples").glob("*.yaml")
    if path.stem != "external-secret"
)
KUBERNETES = ("1.29", "1.33", "1.37")
GOLDEN = Path(__file__).parent / "golden"
CRDS = {
    "ScaledObject": "keda.v1alpha1",
    "TriggerAuthentication": "keda.v1alpha1",
    "PodMonitor": "prometheus_operator.v1",
    "PrometheusRule": "prometheus_operator.v1",
}
"""Kinds with a model, and where that is: imported when asked for, since it takes seconds."""
GATEWAY_API = {"Gateway", "HTTPRoute"}
"""Kinds of which there is a model in JavaScript alone."""
SERVICES = service_entries()

Manifest = dict[str, Any]


def values_of(example: str) -> dict[str, Any]:
    text = (ROOT / "deploy" / "helm" / "examples" / f"{example}.yaml").read_text(encoding="utf-8")
    values: dict[str, Any] = yaml.safe_load(text)
    return values


def rendered(values: dict[str, Any]) -> list[Manifest]:
    files = helm.Chart.load(CHART).render(values=values, name="optima", namespace="optima")
    return [
        manifest
        for name, text in sorted(files.items())
        if not name.endswith("NOTES.txt")
        for manifest in yaml.load_all(text, Loader=yaml.CSafeLoader)
        if manifest
    ]


def alone(service: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values with no other service enabled."""
    others = {other.name: {"enabled": False} for other in SERVICES if other.name != service}
    return values | {"services": others | {service: values.get("services", {}).get(service, {})}}


def shapes(manifests: list[Manifest]) -> list[Manifest]:
    """One of those that differ by the service alone."""
    names = re.compile("|".join(f"{service.name}|{service.module}" for service in SERVICES))
    return list({names.sub("x", json.dumps(each, sort_keys=True)): each for each in manifests}.values())


@cache
def example(name: str) -> list[Manifest]:
    return rendered(values_of(name))


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    for manifest in manifests:
        if manifest["kind"] in ("Deployment", "Job"):
            yield manifest["metadata"]["name"], manifest["spec"]["template"]["spec"]


def of_kind(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in manifests if each["kind"] == kind}


def test_it_lints() -> None:
    for name in EXAMPLES:
        told = helm.lint(CHART, values=values_of(name), strict=True)
        severe = [message for message in told["messages"] if message["severity"] > 1]
        assert (told["errors"], severe) == ([], []), name


@pytest.mark.sampled(3)
@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("name", EXAMPLES)
def test_kubernetes_takes_every_manifest(name: str, version: str) -> None:
    for manifest in shapes(example(name)):
        if manifest["kind"] not in CRDS.keys() | GATEWAY_API:
            kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("name", EXAMPLES)
def test_operators_take_their_manifests(name: str) -> None:
    ours = [each for each in shapes(example(name)) if each["kind"] in CRDS]
    for each in ours:
        models = import_module(f"cloudcoil.models.{CRDS[each['kind']]}")
        getattr(models, each["kind"]).model_validate(each)
    assert ours or name == "minimal"


VALIDATE = """
import * as models from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1";
for (const manifest of JSON.parse(process.argv[1])) new models[manifest.kind](manifest).validate();
"""


def refused_by_gateways(manifests: list[Manifest]) -> str:
    """What the Gateway API's schemas say against them."""
    folder = npm_folder("gateway-models")
    command = ["node", "--input-type=module", "--eval", VALIDATE, json.dumps(manifests)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr


def test_a_gateway_can_stand_in_for_ingresses() -> None:
    routed = example("external-issuer")
    assert of_kind(routed, "Ingress") == of_kind(routed, "Gateway") == {}
    own = rendered(values_of("production") | {"ingress": values_of("production")["ingress"] | GATEWAY})
    (gateway,) = of_kind(own, "Gateway").values()
    (listener,) = gateway["spec"]["listeners"]
    assert (listener["protocol"], listener["hostname"]) == ("HTTPS", "*.optima.example.com")
    names = {f"optima-{service.name}" for service in SERVICES if service.public}
    for manifests, parent in (routed, "public"), (own, "optima"):
        routes = of_kind(manifests, "HTTPRoute")
        assert routes.keys() == names
        assert {route["spec"]["parentRefs"][0]["name"] for route in routes.values()} == {parent}
        for name, route in routes.items():
            (backend,) = route["spec"]["rules"][0]["backendRefs"]
            ports = {port["port"] for port in of_kind(manifests, "Service")[name]["spec"]["ports"]}
            assert backend["name"] == name
            assert backend["port"] in ports
    checked = [gateway, *of_kind(routed, "HTTPRoute").values(), *of_kind(own, "HTTPRoute").values()]
    assert refused_by_gateways(checked) == ""
    assert "listeners" in refused_by_gateways([gateway | {"spec": {"gatewayClassName": "x"}}])


GATEWAY = {"className": "cilium", "gateway": {"enabled": True}}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_pod_may_do_no_more_than_it_needs(name: str) -> None:
    for pod, spec in pods(example(name)):
        assert spec["automountServiceAccountToken"] is False, pod
        security = spec["securityContext"]
        assert (security["runAsNonRoot"], security["runAsUser"]) == (True, 10001), pod
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, pod
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, pod
            assert re.search(r"(:[\w.-]+|@sha256:[0-9a-f]{64})$", container["image"]), pod
            assert not container["image"].endswith(":latest"), pod
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), pod
            assert "memory" in container["resources"]["limits"], pod


@pytest.mark.parametrize("name", EXAMPLES)
def test_only_migrations_and_provisioning_see_the_owner(name: str) -> None:
    for pod, spec in pods(example(name)):
        text = json.dumps(spec)
        assert ("database-owner" in text) == pod.endswith(("-migrate", "-provision")), pod
        # Passwords stand in Secrets and nowhere else.
        for variable in spec["containers"][0]["env"]:
            if re.search("_PASSWORD$|SECRET|OPTIMA_(POSTGRES|AMQP)", variable["name"]):
                assert "secretKeyRef" in variable["valueFrom"], pod


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_pod_outlives_its_drain(name: str) -> None:
    for pod, spec in pods(example(name)):
        if pod.endswith(("-migrate", "-provision")):
            continue
        environment = {each["name"]: each.get("value") for each in spec["containers"][0]["env"]}
        drain, grace = float(environment["OPTIMA_DRAIN_SECONDS"]), float(environment["OPTIMA_GRACE_SECONDS"])
        assert spec["terminationGracePeriodSeconds"] >= drain + 2 * grace + 10, pod
        assert {"startupProbe", "livenessProbe", "readinessProbe"} <= spec["containers"][0].keys(), pod


def test_an_image_is_named_by_its_digest_where_there_is_one_and_else_by_its_tag() -> None:
    values = values_of("minimal")
    values["services"] = {"brief": {"digest": f"sha256:{'0' * 64}"}}
    values["image"]["tag"] = "1.2.3"
    images = {pod: spec["containers"][0]["image"] for pod, spec in pods(rendered(values))}
    registry, tag = values["image"]["registry"], "1.2.3"
    assert images["optima-brief-http"] == f"{registry}/brief@sha256:{'0' * 64}"
    assert images["optima-trail-http"] == f"{registry}/trail:{tag}"


def test_every_role_of_every_service_is_there_with_all_that_it_needs() -> None:
    manifests = example("production")
    roles = {f"optima-{service.name}-{role}" for service in SERVICES for role in service.roles}
    names = {f"optima-{service.name}" for service in SERVICES}
    assert of_kind(manifests, "Deployment").keys() == roles
    assert of_kind(manifests, "Job").keys() == {f"{name}-migrate" for name in names} | {"optima-provision"}
    assert of_kind(manifests, "Service").keys() == of_kind(manifests, "ServiceAccount").keys() == names
    assert of_kind(manifests, "Ingress").keys() == names
    assert of_kind(manifests, "HorizontalPodAutoscaler").keys() == {f"{name}-http" for name in names}
    scaled = {role for role in roles if role.endswith(("-consume", "-work"))}
    assert of_kind(manifests, "ScaledObject").keys() == scaled
    several = {
        f"optima-{service.name}-{name}"
        for service in SERVICES
        for name, role in service.roles.items()
        if role.replicas[0] > 1
    }
    assert of_kind(manifests, "PodDisruptionBudget").keys() == several
    migrations = {f"{name}-migrate" for name in names}
    policies = {"optima-deny", "optima-provision"} | roles | migrations
    assert of_kind(manifests, "NetworkPolicy").keys() == policies


def chosen(manifest: Manifest, labels: dict[str, str]) -> bool:
    return manifest["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


def test_a_pod_reaches_what_its_role_needs_and_no_more() -> None:
    manifests = example("production")
    policies = of_kind(manifests, "NetworkPolicy").values()
    for service in SERVICES:
        for role in service.roles:
            deployment = of_kind(manifests, "Deployment")[f"optima-{service.name}-{role}"]
            labels = deployment["spec"]["template"]["metadata"]["labels"]
            egress = [
                rule
                for policy in policies
                if chosen(policy, labels)
                for rule in policy["spec"].get("egress", [])
            ]
            ports = {port["port"] for rule in egress for port in rule["ports"]}
            wanted: set[Any] = {53, 5432, 6432, 4318}
            if role != "http":
                wanted |= {5671}
            if role == "http":
                wanted |= {"http"}
            if "https" in service.outside and role in ("http", "work"):
                wanted |= {443}
            if "mail" in service.outside and role == "work":
                wanted |= {465, 587}
            assert ports == wanted, (service.name, role)
            # Nothing but DNS and mail goes just anywhere.
            anywhere = {port["port"] for rule in egress if "to" not in rule for port in rule["ports"]}
            assert anywhere <= {53, 465, 587}


def variables(manifests: list[Manifest], service: str) -> set[str]:
    (spec,) = [spec for pod, spec in pods(manifests) if pod == f"optima-{service}-migrate"]
    return {each["name"] for each in spec["containers"][0]["env"] if each["name"].startswith("OPTIMA_")}


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_variable_that_the_code_reads_can_be_set_and_no_other(service: Any) -> None:
    settings = settings_of(settings_model(service))
    of_image = {"OPTIMA_HTTP_HOST", "OPTIMA_HTTP_PORT", "OPTIMA_METRICS_HOST", "OPTIMA_METRICS_PORT"}
    image = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert all(f"{name}=" in image for name in of_image)
    optional = [
        each.variable
        for each in settings
        if each.secret and each.variable not in CHART_SETS and each.variable not in service.secrets
    ]
    free = {each.variable: "1" for each in settings if not each.secret and each.variable not in CHART_SETS}
    values = values_of("minimal")
    values["services"] = {service.name: {"env": free, "optionalSecrets": optional}}
    values["dropFolder"] = {"existingClaim": "drop"}
    values["proxies"] = ["10.42.0.0/16"]
    values = alone(service.name, values)
    assert variables(rendered(values), service.name) == {each.variable for each in settings} - of_image
    for wrong in ("OPTIMA_NONSENSE", "OPTIMA_DATABASE_URL", "PATH"):
        values["services"][service.name]["env"] = {wrong: "x"}
        with pytest.raises(helm.HelmError, match=wrong):
            rendered(values)


def test_no_service_lacks_what_it_needs() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for service in SERVICES:
        settings = settings_of(settings_model(service))
        needed = {each.variable for each in settings if each.default == "needed"}
        assert needed - variables(example("minimal"), service.name) == set(), service.name
        assert needed - compose[service.name]["environment"].keys() == set(), service.name


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("image.tagg", "1"),
        ("postgres.sslMode", "perhaps"),
        ("termination.drainSeconds", "ten"),
        ("services.production.roles.work.replicas.min", 1),
        ("services.brief.digest", "sha256:abc"),
    ],
)
def test_wrong_values_are_refused(path: str, value: Any) -> None:
    values = values_of("minimal")
    *places, last = path.split(".")
    place = values
    for name in places:
        place = place.setdefault(name, {})
    place[last] = value
    with pytest.raises(helm.HelmError):
        rendered(values)


def test_production_serves_nobody_in_the_clear() -> None:
    values = values_of("production")
    assert of_kind(rendered(values), "Ingress")
    for tls, refused in ({"tlsSecret": ""}, True), ({"tlsSecret": "", "tlsElsewhere": True}, False):
        for way, kind in ({}, "Ingress"), (GATEWAY, "HTTPRoute"):
            changed = values | {"ingress": values["ingress"] | tls | way}
            if refused:
                with pytest.raises(helm.HelmError, match=r"ingress\.tlsSecret"):
                    rendered(changed)
            else:
                assert of_kind(rendered(changed), kind)


def triggers(manifests: list[Manifest], role: str) -> list[Manifest]:
    found: list[Manifest] = of_kind(manifests, "ScaledObject")[f"optima-approval-{role}"]["spec"]["triggers"]
    return found


def test_scaling_follows_what_waits_and_its_age_and_never_the_hints() -> None:
    values = values_of("production")
    values["autoscaling"]["keda"] |= {
        "consume": {"perSecond": 40, "targetSeconds": 20, "targetAgeSeconds": 5},
        "work": {"perSecond": 2.5, "targetSeconds": 30, "targetAgeSeconds": 90},
    }
    manifests = rendered(values)
    length, age = triggers(manifests, "consume")
    assert (length["metricType"], length["metadata"]["threshold"]) == (
        "AverageValue",
        str(per_replica(40, 20)),
    )
    assert (age["metricType"], age["metadata"]["threshold"]) == ("Value", "5")
    length, age = triggers(manifests, "work")
    assert (length["metricType"], length["metadata"]["threshold"]) == (
        "AverageValue",
        str(per_replica(2.5, 30)),
    )
    assert (age["metricType"], age["metadata"]["threshold"]) == ("Value", "90")
    assert ".jobs" not in json.dumps(list(of_kind(manifests, "ScaledObject").values()))
    (by_broker, _) = triggers(example("external-issuer"), "consume")
    assert (by_broker["type"], by_broker["metadata"]["value"]) == ("rabbitmq", str(per_replica(50, 30)))


# Four numbers are no slow input: what takes long to draw them is a busy machine.
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    waiting=st.integers(0, 1_000_000),
    age=st.floats(0, 3600),
    present=st.integers(1, 8),
    per_second=st.floats(1, 500),
)
def test_replicas_are_enough_and_within_bounds(
    waiting: int, age: float, present: int, per_second: float
) -> None:
    wanted = desired_replicas(
        waiting=waiting,
        age_seconds=age,
        present=present,
        per_second=per_second,
        target_seconds=30,
        target_age_seconds=10,
        least=1,
        most=8,
    )
    assert 1 <= wanted <= 8
    # What waits is worked off in time by so many, unless even the most are too few.
    assert wanted == 8 or waiting <= wanted * per_second * 30
    # An age of twice what is allowed doubles the replicas.
    assert wanted >= min(8, present * (2 if age >= 20 else 1 if age >= 10 else 0))


def test_no_load_means_the_least() -> None:
    idle = {"waiting": 0, "age_seconds": 0.0, "per_second": 50.0, "target_seconds": 30.0}
    assert desired_replicas(**idle, present=8, target_age_seconds=10, least=2, most=8) == 2
    busy = idle | {"waiting": 4501}
    assert desired_replicas(**busy, present=1, target_age_seconds=10, least=1, most=8) == 4


def test_what_a_change_of_the_chart_does_is_seen_in_review() -> None:
    """The production example, rendered: `OPTIMA_WRITE_GOLDEN=1 pytest tests/deploy/test_chart.py` writes it
    anew."""
    dumped = [
        yaml.dump(manifest, Dumper=yaml.CSafeDumper, sort_keys=True, width=200)
        for manifest in example("production")
    ]
    text = "---\n".join(dumped)
    file = GOLDEN / "production.yaml"
    if os.environ.get("OPTIMA_WRITE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    golden = file.read_text(encoding="utf-8")
    if golden != text:
        changes = difflib.unified_diff(golden.splitlines(), text.splitlines(), lineterm="", n=2)
        pytest.fail("\n".join(list(changes)[:200]))
