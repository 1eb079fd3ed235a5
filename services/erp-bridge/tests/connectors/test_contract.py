"""What every connector must do, tried on each: folders of files, a real Tryton, recorded doubles of ERPs that
no test can start, and the guide's example.

A proxy between connector and ERP has things go wrong. The doubles' clock stands still: all their records have
one time.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest
from aiohttp import web

from erp_bridge.adapters.egress import EgressGuard
from erp_bridge.adapters.italian_checks import italian_checks
from erp_bridge.application.ports import (
    Checkpoint,
    Conflict,
    Fault,
    Gone,
    Page,
    Rejected,
    RemoteLink,
    Session,
    Throttled,
    Unauthorised,
    Unreachable,
)
from erp_bridge.domain.documents import Document, OutgoingDocument, RemoteCustomer
from erp_bridge.domain.entities import RECEIVED_AS, Entity, fields_of
from erp_bridge.domain.record import checked
from erp_bridge.domain.schema import drift
from optima_kit.clock import SystemClock
from optima_kit.refusals import Invalid

from .conftest import DOUBLES, TRYTON_BY_NIGHT
from .proxy import Moment, served
from .systems import Remote, UblRemote, recorded

NOWHERE = {True: "999999", False: str(UUID(int=0xDEAD))}
"""Remote ids of nothing, of ERPs that count and of others."""
JOB, OTHER_JOB = str(UUID(int=0xA2)), str(UUID(int=0xA3))
VAT_NUMBERS = ["07643520567", "12345670587", "01234560371", "00905811006", "01585570581", "00743110157"]

# The first run on a machine makes the server ready.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
def order_id() -> UUID:
    return uuid4()


def opened(remote: Remote) -> AbstractAsyncContextManager[Session]:
    return remote.connector.open(remote.endpoint)


def read_by(remote: Remote) -> Entity:
    """Who sends orders alone has its customers in them."""
    return "customer" if remote.connector.describe().reads("customer") else "received_order"


def written_by(remote: Remote) -> Literal["order", "ddt"]:
    return "order" if remote.connector.describe().writes("order") else "ddt"


def needs_changes(remote: Remote) -> None:
    capability = remote.connector.describe().capability(written_by(remote))
    if capability is None or "change" not in capability.writes:
        pytest.skip("the connector does not say that it changes what it wrote")


async def pages(
    session: Session, checkpoint: Checkpoint | None = None, entity: Entity = "customer"
) -> list[Page]:
    return [page async for page in session.changes(entity, checkpoint)]


def told(remote: Remote, found: list[Page]) -> dict[str, str]:
    """The name by code of what came in, the last word of each."""
    mapping = remote.connector.mapping().of(read_by(remote))
    fields = [mapping.read(record.values) for page in found for record in page.records]
    names = {each["code"] or "": each.get("name") or each.get("title") or "" for each in fields}
    # An order's title begins with its number.
    return {code: name.removeprefix(f"Ordine {code} ") for code, name in names.items()}


def order(remote: Remote, order_id: UUID, customer: RemoteCustomer, **changes: Any) -> OutgoingDocument:
    entity = written_by(remote)
    document = Document(
        entity=entity,
        internal_id=order_id,
        number="O-2026/7",
        correlation_id=order_id,
        heading={
            "reference": str(order_id),
            "number": "O-2026/7",
            "state": "confirmed",
            "deadline": "2026-12-15",
            "despatch_advice": "<DespatchAdvice><ID>O-2026/7</ID></DespatchAdvice>",
        },
        lines={
            JOB: {
                "kind": "espositore",
                "description": "Espositore da banco",
                "quantity": "120",
                "unit": "pz",
                "unit_price": "12.50",
                "amount": "1500.00",
                "vat_code": "22",
            }
        },
        changed_at=SystemClock().now(),
    )
    document = replace(document, **changes)
    return document.outgoing(remote.connector.mapping().of(entity), customer)


@TRYTON_BY_NIGHT
async def test_it_says_what_it_carries(remote: Remote) -> None:
    description, mapping = remote.connector.describe(), remote.connector.mapping()
    for capability in description.capabilities:
        mapped = mapping.of(capability.entity).fields.keys()
        assert mapped <= fields_of(capability.entity)
        if capability.writes:
            assert capability.idempotency
        # An electronic document comes whole: what it says is mapped by nobody here.
        if capability.writes and not isinstance(remote, UblRemote):
            # Which of its own orders is meant, one with ids is told by them.
            carried = mapped | set(RECEIVED_AS)
            assert fields_of(capability.entity) - carried <= set(capability.cannot_carry)
    assert {each.entity for each in description.capabilities} == mapping.entities.keys()


@TRYTON_BY_NIGHT
async def test_it_says_who_answers(remote: Remote) -> None:
    async with opened(remote) as session:
        assert await session.probe()


@TRYTON_BY_NIGHT
async def test_an_unreachable_system_is_told_from_one_that_refuses(remote: Remote) -> None:
    connector, endpoint = remote.broken
    with pytest.raises(Unreachable):
        async with connector.open(endpoint) as session:
            await session.probe()


async def test_all_comes_in_and_then_what_changed(remote: Remote) -> None:
    customers = [
        await remote.add_customer(f"C{n}", f"Cliente {n}", each) for n, each in enumerate(VAT_NUMBERS)
    ]
    async with opened(remote) as session:
        await session.probe()
        found = await pages(session, entity=read_by(remote))
        assert told(remote, found) == {each.code: f"Cliente {n}" for n, each in enumerate(customers)}
        assert len(found) > 1
        for page in found:
            await session.settle(page, refused=False)
        await remote.rename_customer(customers[2], "Cliente nuovo")
        added = await remote.add_customer("C/9 àè", "Cliente «accentato»", "02118311006")
        later = told(remote, await pages(session, found[-1].checkpoint, read_by(remote)))
        assert (
            later.items() >= {customers[2].code: "Cliente nuovo", added.code: "Cliente «accentato»"}.items()
        )


@TRYTON_BY_NIGHT
async def test_nothing_is_lost_at_a_pages_boundary(remote: Remote) -> None:
    """Whatever page was the last to be committed, the next run brings all the rest."""
    for n, each in enumerate(VAT_NUMBERS):
        await remote.add_customer(f"C{n}", f"Cliente {n}", each)
    async with opened(remote) as session:
        found = await pages(session, entity=read_by(remote))
        for done in range(1, len(found) + 1):
            missing = told(remote, found).keys() - told(remote, found[:done]).keys()
            rest = await pages(session, found[done - 1].checkpoint, read_by(remote))
            assert missing <= told(remote, rest).keys()


@TRYTON_BY_NIGHT
async def test_a_write_that_is_repeated_after_a_crash_doubles_nothing(remote: Remote, order_id: UUID) -> None:
    customer = await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
    for _ in range(2):
        async with opened(remote) as session:
            link = await session.find(written_by(remote), str(order_id))
            written = await session.put(order(remote, order_id, customer), link)
    assert [(each["number"], each["state"]) for each in await remote.orders()] == [("O-2026/7", "open")]
    assert written.remote_id


@TRYTON_BY_NIGHT
async def test_a_change_and_a_cancellation_reach_the_same_record(remote: Remote, order_id: UUID) -> None:
    needs_changes(remote)
    customer = await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
    async with opened(remote) as session:
        first = await session.put(order(remote, order_id, customer), None)
        link = RemoteLink(first.remote_id, first.version)
        line = {"description": "Espositore", "quantity": "60", "unit": "pz", "unit_price": "12.50"}
        lines = {JOB: line, OTHER_JOB: {**line, "description": "Volantino"}}
        second = await session.put(order(remote, order_id, customer, lines=lines), link)
        assert second.remote_id == first.remote_id
        (found,) = await remote.orders()
        assert (found["state"], found["quantity"]) == ("open", 60.0)
        heading = {
            "reference": str(order_id),
            "number": "O-2026/7",
            "state": "cancelled",
            "deadline": "2026-12-15",
        }
        link = RemoteLink(second.remote_id, second.version)
        cancelled = order(remote, order_id, customer, lines=lines, heading=heading)
        capability = remote.connector.describe().capability("order")
        if capability is not None and "cancel" not in capability.writes:
            with pytest.raises(Rejected, match="cancellation_not_carried"):
                await session.put(cancelled, link)
            assert await remote.orders() == []
            return
        last = await session.put(cancelled, link)
        assert last.remote_id == first.remote_id
    (found,) = await remote.orders()
    assert found["state"] == "cancelled"


@pytest.mark.parametrize("moment", ["before", "after"])
@TRYTON_BY_NIGHT
async def test_a_crash_at_any_step_of_a_write_loses_and_doubles_nothing(
    remote: Remote, moment: Moment
) -> None:
    customer = await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
    for step in itertools.count(1):
        order_id = uuid4()
        with remote.interrupted(step, moment):
            finished = await written(remote, order(remote, order_id, customer))
        if not finished:
            assert await written(remote, order(remote, order_id, customer))
        found = await remote.orders()
        assert [(each["number"], each["state"]) for each in found] == [("O-2026/7", "open")] * step
        if finished:
            break
    assert step > 1


@pytest.mark.parametrize("moment", ["before", "after"])
@TRYTON_BY_NIGHT
async def test_a_crash_at_any_step_of_a_change_loses_and_doubles_nothing(
    remote: Remote, order_id: UUID, moment: Moment
) -> None:
    """What became of the record meanwhile may be somebody else's work: then a person decides."""
    needs_changes(remote)
    customer = await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
    async with opened(remote) as session:
        last = await session.put(order(remote, order_id, customer), None)
    for step in itertools.count(1):
        line = {
            "description": f"Espositore {step}",
            "quantity": str(step),
            "unit": "pz",
            "unit_price": "12.50",
        }
        changed = order(remote, order_id, customer, lines={JOB: line})
        link = RemoteLink(last.remote_id, last.version)
        with remote.interrupted(step, moment):
            finished = await written(remote, changed, link)
        async with opened(remote) as session:
            try:
                last = await session.put(changed, link)
            except Conflict:
                last = await session.put(changed, replace(link, version=None))
        (found,) = await remote.orders()
        assert (found["state"], found["quantity"]) == ("open", float(step))
        if finished:
            break
    assert step > 1


async def written(remote: Remote, document: OutgoingDocument, link: RemoteLink | None = None) -> bool:
    """Whether it went through."""
    try:
        async with opened(remote) as session:
            link = link or await session.find(document.entity, str(document.internal_id))
            await session.put(document, link)
    except (Fault, OSError):
        return False
    return True


@TRYTON_BY_NIGHT
async def test_a_system_that_asks_for_peace_gets_it(remote: Remote) -> None:
    if remote.proxy is None:
        pytest.skip("nobody is called")
    for status in (429, 503):
        remote.proxy.answer_next(status, Retry_After="7")
        with pytest.raises(Throttled) as throttled:
            async with opened(remote) as session:
                await session.probe()
        assert throttled.value.retry_after == timedelta(seconds=7)
    async with opened(remote) as session:
        assert await session.probe()


ANSWERS: list[Any] = [
    # Without a key to sign in with anew, who is not known any more is told so.
    pytest.param(each, status, id=f"{each}-{status}")
    for each in DOUBLES
    for status in (429, 401)
    if status != 401 or each != "odoo"
]


@pytest.mark.parametrize(("connector", "status"), ANSWERS)
async def test_whichever_request_is_put_off_or_turned_away_nothing_is_lost_or_doubled(
    connector: str, status: int
) -> None:
    """At each page's boundary, at each step of a write: the next run goes on behind what came; a session that
    has ended is begun anew at once."""
    async with recorded(connector) as remote:
        for n, each in enumerate(VAT_NUMBERS[:4]):  # of two pages
            customer = await remote.add_customer(f"C{n}", f"Cliente {n}", each)
        turned_away = 0
        for step in itertools.count(1):
            before = remote.proxy.requests
            remote.proxy.answer_at(step, status)
            found, faults = await swept_and_written(remote, order(remote, UUID(int=step), customer))
            assert len(told(remote, found)) == 4, step
            orders = await remote.orders()
            assert [(each["number"], each["state"]) for each in orders] == [("O-2026/7", "open")] * step
            for fault in faults:
                assert isinstance(fault, Throttled if status == 429 else Unauthorised)
                assert getattr(fault, "retry_after", None) in (None, timedelta(seconds=7))
            turned_away += len(faults)
            if remote.proxy.requests - before < step:
                break
        # Each request was put off once; of those turned away only the sign-in is not simply repeated.
        assert turned_away == (1 if status == 401 else step - 1)
        assert step > 4


async def swept_and_written(remote: Remote, document: OutgoingDocument) -> tuple[list[Page], list[Fault]]:
    """All pages, over as many runs as it takes, and the faults between them; then the document is written."""
    found: list[Page] = []
    faults: list[Fault] = []
    for _ in range(3):
        try:
            async with opened(remote) as session:
                async for page in session.changes("customer", found[-1].checkpoint if found else None):
                    found.append(page)
            break
        except Fault as fault:
            faults.append(fault)
    for _ in range(3):
        try:
            async with opened(remote) as session:
                link = await session.find("order", str(document.internal_id))
                await session.put(document, link)
            break
        except Fault as fault:
            faults.append(fault)
    return found, faults


NONSENSE = [
    ("text/html", b"<html><title>Hotel Bellavista: accedi al Wi-Fi</title></html>"),
    ("text/plain", b""),
    ("application/json", b""),
    ("application/json", b"{broken"),
    ("application/json", b"\xff\xfe"),
    *(
        ("application/json", each)
        for each in (
            b"null",
            b"7",
            b'"ok"',
            b"[]",
            b"{}",
            b"[7]",
            b"[[1, 2]]",
            b'[{"id": null}]',
            b'[{"id": "x", "name": 7}]',
            b'{"value": 7}',
            b'{"value": [7]}',
            b'{"value": [{"id": 1}]}',
            b'{"result": 7}',
            b'{"result": [7]}',
            b'{"result": {"a": 1}}',
            b'{"result": [1, {"__class__": "date", "year": 0, "month": 13, "day": 99}]}',
            b'{"error": 7}',
            b'{"error": []}',
            b'{"access_token": 7, "expires_in": "soon"}',
        )
    ),
]


@TRYTON_BY_NIGHT
async def test_whatever_answers_at_an_address_is_a_fault_of_its_own(remote: Remote, order_id: UUID) -> None:
    """A page of a hotel, another program's interface, an ERP that says what it never said."""
    if remote.proxy is None:
        pytest.skip("nobody is called")
    customer = await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
    tries: dict[str, Callable[[Session], Awaitable[Any]]] = {
        "probe": lambda session: session.probe(),
        "schema": lambda session: session.schema("customer"),
        "changes": pages,
        "find": lambda session: session.find("order", str(order_id)),
        "put": lambda session: session.put(order(remote, order_id, customer), None),
    }
    faults = dict.fromkeys(tries, 0)
    for media_type, content in NONSENSE:
        for name, what in tries.items():
            remote.proxy.answer_all(media_type, content)
            try:
                async with opened(remote) as session:
                    await what(session)
            except Fault:
                faults[name] += 1
    assert all(found > len(NONSENSE) // 2 for found in faults.values()), faults
    remote.proxy.mend()
    async with opened(remote) as session:
        assert await session.probe()


@pytest.mark.parametrize("server", DOUBLES, indirect=True)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_no_redirect_is_followed(remote: Remote, status: int) -> None:
    """Who is let out to one address could be sent on to another from there."""
    assert remote.proxy is not None
    asked: list[str] = []

    async def inside(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({})

    async with served(inside) as address:
        for _ in range(3):  # one may be asked twice, after another sign-in
            remote.proxy.answer_next(status, Location=f"{address}/latest/meta-data")
        with pytest.raises(Fault):
            async with opened(remote) as session:
                await session.probe()
    assert asked == []


@TRYTON_BY_NIGHT
async def test_wrong_credentials_are_no_outage(remote: Remote) -> None:
    if remote.proxy is None:
        pytest.skip("nobody is called")
    wrong = replace(remote.endpoint, secrets=dict.fromkeys(remote.endpoint.secrets, "wrong"))
    with pytest.raises(Unauthorised):
        async with remote.connector.open(wrong) as session:
            await session.probe()


@pytest.mark.parametrize("connector", DOUBLES)
async def test_what_an_erp_complains_of_does_not_repeat_our_credentials(connector: str) -> None:
    """Whoever may see failures reads it."""
    async with recorded(connector) as remote:
        for secret, what in itertools.product(
            remote.endpoint.secrets.values(), (lambda session: session.find("order", "x"), pages)
        ):
            async with opened(remote) as session:
                await session.probe()  # signed in
                remote.proxy.answer_next(400, f'{{"message": "Login failed for {secret}!"}}'.encode())
                with pytest.raises(Rejected) as rejected:
                    await what(session)
            assert rejected.value.facts["text"] == "Login failed for •••!"
            assert secret not in str(rejected.value)


async def test_a_session_that_ends_in_between_is_begun_anew(remote: Remote) -> None:
    if (end_sessions := getattr(remote, "end_sessions", None)) is None:
        pytest.skip("there are no sessions")
    for n, each in enumerate(VAT_NUMBERS):
        await remote.add_customer(f"C{n}", f"Cliente {n}", each)
    found: list[Page] = []
    async with opened(remote) as session:
        async for page in session.changes("customer", None):
            end_sessions()
            found.append(page)
    assert len(told(remote, found)) == len(VAT_NUMBERS)


async def test_who_is_put_to_rest_there_is_deleted(remote: Remote) -> None:
    capability = remote.connector.describe().capability("customer")
    if capability is None or capability.deletes != "flag":
        pytest.skip("the connector does not say that it sees that")
    customer = await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
    async with opened(remote) as session:
        *_, last = await pages(session)
        await remote.retire_customer(customer)
        found = await pages(session, last.checkpoint)
    assert [(page.records, page.deleted) for page in found] == [([], [customer.remote_id])]


@TRYTON_BY_NIGHT
async def test_what_somebody_changed_there_is_not_written_over(remote: Remote, order_id: UUID) -> None:
    capability = remote.connector.describe().capability("order")
    if capability is None or capability.lock == "none":
        pytest.skip("the connector does not say that it locks")
    customer = await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
    async with opened(remote) as session:
        first = await session.put(order(remote, order_id, customer), None)
        link = RemoteLink(first.remote_id, first.version)
        await remote.change_order(first.remote_id)
        with pytest.raises(Conflict) as conflict:
            await session.put(order(remote, order_id, customer), link)
        assert conflict.value.current != first.version
        await session.put(order(remote, order_id, customer), replace(link, version=None))
        with pytest.raises(Gone):
            await session.put(
                order(remote, uuid4(), customer), RemoteLink(NOWHERE[first.remote_id.isdecimal()])
            )


@pytest.mark.parametrize("connector", DOUBLES)
async def test_what_somebody_changed_there_within_a_second_is_not_written_over(
    connector: str, order_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with recorded(connector) as remote, opened(remote) as session:
        customer = await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
        monkeypatch.setattr(remote.double, "tick", lambda: None)
        first = await session.put(order(remote, order_id, customer), None)
        again = await session.put(
            order(remote, order_id, customer), RemoteLink(first.remote_id, first.version)
        )
        await remote.change_order(first.remote_id)
        with pytest.raises(Conflict):
            await session.put(order(remote, order_id, customer), RemoteLink(first.remote_id, again.version))
        # What was noted before contents were is a time alone.
        time = (again.version or "").rpartition("|")[0] or None
        assert await session.put(order(remote, order_id, customer), RemoteLink(first.remote_id, time))


@TRYTON_BY_NIGHT
async def test_a_schema_has_what_is_read_and_written(remote: Remote) -> None:
    async with opened(remote) as session:
        for capability in remote.connector.describe().capabilities:
            schema = await session.schema(capability.entity)
            if schema is not None and (remote.proxy is None or schema.fields):
                assert schema.read | schema.written <= schema.fields.keys()
                assert not drift(schema.fields, schema).breaking


@pytest.mark.parametrize("connector", DOUBLES)
async def test_a_field_that_went_breaks_the_exchange(connector: str) -> None:
    async with recorded(connector) as remote, opened(remote) as session:
        before = await session.schema("customer")
        lost = remote.lose_field()
        after = await session.schema("customer")
        assert before is not None
        assert after is not None
        found = drift(before.fields, after).breaking
        assert [(each.code, each.field) for each in found] == [("schema_field_gone", lost)]


@pytest.mark.parametrize("connector", DOUBLES)
async def test_every_address_that_a_tenant_sets_is_guarded(connector: str) -> None:
    """Neither what an ERP is called at nor where one signs in may lead to what stands beside us."""
    async with recorded(connector) as remote:
        addresses = [name for name in remote.endpoint.settings if name.endswith("url")]
        for name in addresses:
            settings = {**remote.endpoint.settings, **remote.endpoint.secrets, name: "ftp://erp.example.it"}
            with pytest.raises(Invalid) as refusal:
                remote.connector.check(settings)
            assert (refusal.value.code, refusal.value.field) == ("url_malformed", f"settings.{name}")
        guarded = type(remote.connector)(EgressGuard([]))  # type: ignore[call-arg]
        outside = dict.fromkeys(addresses, "https://93.184.216.34")
        asked = remote.proxy.requests
        for name in addresses:
            told = {**remote.endpoint.settings, **outside, name: remote.proxy.url}
            with pytest.raises(Unreachable) as fault:
                async with guarded.open(replace(remote.endpoint, settings=told)) as session:
                    await session.probe()
            assert (fault.value.code, remote.proxy.requests) == ("address_not_permitted", asked)


@pytest.mark.parametrize("connector", DOUBLES)
async def test_every_entity_of_a_double_comes_in(connector: str) -> None:
    async with recorded(connector) as remote:
        await remote.add_customer("C1", "Cliente 1", VAT_NUMBERS[0])
        for capability in remote.connector.describe().capabilities:
            if not capability.reads:
                continue
            remote.add_record(capability.entity)
            async with opened(remote) as session:
                (page,) = [each async for each in session.changes(capability.entity, None)]
            (record,) = page.records
            read = remote.connector.mapping().of(capability.entity).read(record.values)
            fields, notices = checked(capability.entity, read, None, italian_checks())
            assert fields["code"]
            assert fields["name"]
            assert not notices


@TRYTON_BY_NIGHT
async def test_settings_are_checked_without_calling_anybody(remote: Remote) -> None:
    settings = {**remote.endpoint.settings, **remote.endpoint.secrets}
    assert remote.connector.check(settings).items() >= settings.items()
    names = {each.name for each in remote.connector.describe().settings}
    assert settings.keys() <= names
