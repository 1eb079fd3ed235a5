"""What the services may publish and read on the broker is what their code does."""

import pytest

from optima_contracts.catalogue import every_event_type
from optima_local.access import answered_events, load_access
from optima_local.services import ServiceCode, find_services

REMEDY = "run python -m optima_local.deployment and look at what changes in deploy/rabbitmq/access.toml"


@pytest.mark.parametrize("service", find_services(), ids=lambda service: service.name)
def test_a_service_may_read_exactly_what_it_answers(service: ServiceCode) -> None:
    assert load_access()[service.name].reads == answered_events(service), REMEDY


def test_every_event_type_has_one_publisher() -> None:
    publishers = {type_: publishers_of(type_) for type_ in every_event_type()}
    assert {type_: names for type_, names in publishers.items() if len(names) != 1} == {}


def test_prices_are_published_under_no_wildcard() -> None:
    assert [
        key
        for access in load_access().values()
        for key in access.publishes
        if "economics" in key and "#" in key
    ] == []


def publishers_of(type_: str) -> list[str]:
    return [
        name
        for name, access in load_access().items()
        if any(
            type_ == key or (key.endswith(".#") and type_.startswith(key[:-1])) for key in access.publishes
        )
    ]
