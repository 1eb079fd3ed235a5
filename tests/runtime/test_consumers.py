"""`./optima consumer` on a real broker: what such a user may do there, and what it may not."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import (
    AMQPError,
    ChannelClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from optima_kit import topology
from optima_kit.testing.nights import NIGHTLY
from optima_kit.topology import EVENTS, HISTORY
from optima_local import consumers
from optima_local.broker_administration import BrokerAdministration, ManagementApi, Rabbitmqctl

from .own_broker import OwnBroker, event

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("own broker"), pytest.mark.timeout(600)]


@pytest.fixture
def administration(request: pytest.FixtureRequest, own_broker: OwnBroker) -> BrokerAdministration:
    """The quicker of the two, unless a test asks for both."""
    if getattr(request, "param", "") == "rabbitmqctl":
        return Rabbitmqctl(own_broker.rabbit)
    return ManagementApi(own_broker.management)


@pytest.fixture
def command(
    own_broker: OwnBroker,
    administration: BrokerAdministration,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Callable[..., str]]:
    """Runs a verb of `./optima consumer` on this broker, and gives what it printed first. A consumer that a
    failed test leaves is removed, since other tests use the same names."""
    monkeypatch.setattr(consumers, "broker", lambda: (administration, own_broker.url))
    left: set[str] = set()

    def run(verb: str, name: str = "", *reads: str, history: bool = False) -> str:
        options = argparse.Namespace(name=name, reads=reads, history=history)
        assert getattr(consumers, verb)(options) == 0
        if verb == "add":
            left.add(name)
        elif verb == "remove":
            left.discard(name)
        return capsys.readouterr().out.partition("\n")[0]

    yield run
    for name in sorted(left):
        run("remove", name)


def refused(channel: BlockingChannel, do: Callable[[BlockingChannel], Any]) -> bool:
    """Whether the broker says that this is forbidden, and not that it is wrong."""
    try:
        do(channel.connection.channel())
    except ChannelClosedByBroker as closed:
        return bool(closed.reply_code == 403)
    return False


def test_it_reads_what_it_was_given_and_may_do_nothing_else(
    own_broker: OwnBroker, command: Callable[..., str]
) -> None:
    url = command("add", "crm", "optima.brief.#", "optima.logistics.ddt_issued.v1")
    try:
        with own_broker.as_(url) as channel:
            queue, dead = "consumer.crm.events", "consumer.crm.events.dead"
            own_broker.publish("optima.brief.submitted.v1", event("one"))
            own_broker.publish("optima.economics.job_set.v1", event("a price"))
            own_broker.publish("optima.logistics.ddt_issued.v1", event("two"))
            got = []
            for method, _, body in channel.consume(queue, inactivity_timeout=20):
                got.append(body)
                channel.basic_ack(method.delivery_tag)
                if len(got) == 2:
                    break
            assert got == [event("one"), event("two")]
            channel.cancel()

            forbidden: dict[str, Callable[[BlockingChannel], Any]] = {
                "read a service's queue": lambda c: c.basic_get("trail.events"),
                "read the history": lambda c: c.basic_get(HISTORY),
                "empty a service's queue": lambda c: c.queue_purge("trail.events"),
                "delete a service's queue": lambda c: c.queue_delete("trail.events"),
                "bind a service's queue": lambda c: c.queue_bind("trail.events", EVENTS, "optima.brief.x"),
                "bind its own queue": lambda c: c.queue_bind(queue, EVENTS, "optima.brief.submitted.v1"),
                "delete its own queue": lambda c: c.queue_delete(queue),
                "make a service's queue": lambda c: c.queue_declare("logistics.events", durable=True),
                "make a queue with a stranger's name": lambda c: c.queue_declare("consumer.other.x"),
                "make an exchange": lambda c: c.exchange_declare("optima.mine"),
                "make a queue of its own": lambda c: c.queue_declare("consumer.crm.more", durable=True),
            }
            for what, do in forbidden.items():
                assert refused(channel, do), what
            for exchange, key in ((EVENTS, "optima.brief.submitted.v1"), ("", "trail.events"), ("", queue)):

                def publish(fresh: BlockingChannel, exchange: str = exchange, key: str = key) -> None:
                    fresh.confirm_delivery()
                    fresh.basic_publish(exchange, key, b"forged")

                assert refused(channel, publish), exchange
            # What it rejects is put by for it.
            own_broker.publish("optima.brief.submitted.v1", event("a riddle"))
            method = wait_for_message(channel, queue)[0]
            channel.basic_nack(method.delivery_tag, requeue=False)
            assert wait_for_message(channel, dead)[1] == event("a riddle")
    finally:
        command("remove", "crm")


def wait_for_message(channel: BlockingChannel, queue: str) -> tuple[Any, bytes]:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        method, _, body = channel.basic_get(queue)
        if method is not None:
            return method, body
        time.sleep(0.05)
    raise AssertionError(f"nothing came to {queue}")


@pytest.mark.parametrize(
    ("bound", "of_three"), [("_CONSUMERS_BACKLOG", 3), ("_CONSUMERS_BYTES", 3 * len(event("19")))]
)
def test_whoever_reads_nothing_or_acknowledges_nothing_holds_up_nobody(
    own_broker: OwnBroker,
    command: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    bound: str,
    of_three: int,
) -> None:
    monkeypatch.setattr(topology, bound, of_three)
    url = command("add", "slow", "optima.brief.#")
    try:
        with own_broker.as_(url) as slow, own_broker.as_(own_broker.url) as channel:
            slow.basic_qos(prefetch_count=2)
            slow.basic_consume("consumer.slow.events", lambda *_: None)
            channel.confirm_delivery()
            for number in range(20):  # raises where one is refused
                channel.basic_publish(EVENTS, "optima.brief.submitted.v1", event(str(number)), mandatory=True)
                slow.connection.process_data_events(time_limit=0)
            kept = channel.queue_declare("consumer.slow.events", passive=True).method.message_count
            assert kept <= 3
    finally:
        command("remove", "slow")


def test_a_thousand_queues_that_refuse_when_full_are_not_made(
    own_broker: OwnBroker, administration: BrokerAdministration, command: Callable[..., str]
) -> None:
    url = command("add", "hostile", "optima.#")
    before = set(administration.queues())
    refusing = {"x-max-length": 1, "x-overflow": "reject-publish"}
    try:
        with own_broker.as_(url) as hostile, own_broker.as_(own_broker.url) as channel:
            channel.confirm_delivery()
            for number in range(1000):
                name = f"consumer.hostile.{number}"
                assert refused(hostile, partial(declare, name=name, arguments=refusing)), name
                if number % 100 == 0:  # raises where it is refused
                    channel.basic_publish(EVENTS, "optima.brief.submitted.v1", event(name), mandatory=True)
        assert set(administration.queues()) == before
    finally:
        command("remove", "hostile")


def declare(channel: BlockingChannel, *, name: str, arguments: dict[str, Any]) -> None:
    channel.queue_declare(name, durable=True, arguments=arguments)


def test_connections_and_channels_without_end_are_refused(
    own_broker: OwnBroker, command: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topology, "_CONSUMERS_LIMITS", {"max-connections": 3, "max-channels": 9})
    url = command("add", "hostile", "optima.#")
    try:
        with ExitStack() as stack:
            first, *_ = [stack.enter_context(own_broker.as_(url)) for _ in range(3)]
            with pytest.raises(AMQPError), own_broker.as_(url):
                pass
            with own_broker.as_(own_broker.url) as channel:  # nobody else's are fewer for it
                channel.confirm_delivery()
                channel.basic_publish(EVENTS, "optima.brief.submitted.v1", event("one"), mandatory=True)
            opened = 0
            with pytest.raises(AMQPError):  # noqa: PT012 - which of the channels is refused is counted
                while True:
                    first.connection.channel()
                    opened += 1
            # Each connection has one already. RabbitMQ may still count those of a connection that has ended.
            assert 0 < opened <= 6
    finally:
        command("remove", "hostile")


@pytest.mark.parametrize(
    "administration", [pytest.param("rabbitmqctl", marks=NIGHTLY), "management API"], indirect=True
)
def test_a_password_is_rotated_and_a_user_removed_with_its_queues(
    own_broker: OwnBroker, administration: BrokerAdministration, command: Callable[..., str]
) -> None:
    old = command("add", "crm", "optima.brief.#")
    command("add", "crm-two", "optima.brief.#")
    new = command("rotate", "crm")
    assert new != old
    with pytest.raises((ProbableAuthenticationError, ProbableAccessDeniedError)), own_broker.as_(old):
        pass
    with own_broker.as_(new) as channel:
        channel.basic_get("consumer.crm.events")
        assert refused(channel, lambda c: c.basic_get("consumer.crm-two.events"))
    assert command("show") == "crm"
    command("remove", "crm")
    assert command("show") == "crm-two"
    assert [name for name in administration.queues() if name.startswith("consumer.crm.")] == []
    assert {"trail.events", "brief.events"} <= set(administration.queues())
    with pytest.raises((ProbableAuthenticationError, ProbableAccessDeniedError)), own_broker.as_(new):
        pass
    command("remove", "crm-two")


def test_who_reads_everything_may_read_the_history(
    own_broker: OwnBroker, command: Callable[..., str]
) -> None:
    url = command("add", "warehouse", "optima.#", history=True)
    try:
        own_broker.publish("optima.brief.submitted.v1", event("long ago"))
        with own_broker.as_(url) as channel:
            got: list[bytes] = []

            def take(taken: BlockingChannel, method: Any, _: Any, body: bytes) -> None:
                got.append(body)
                taken.basic_ack(method.delivery_tag)

            # A stream wants a bound on what is unacknowledged.
            channel.basic_qos(prefetch_count=1)
            channel.basic_consume(HISTORY, take, arguments={"x-stream-offset": "first"})
            deadline = time.monotonic() + 20
            while not got and time.monotonic() < deadline:
                channel.connection.process_data_events(time_limit=0.5)
            assert got[0] == event("first")
            assert refused(channel, lambda c: c.queue_delete(HISTORY))
    finally:
        command("remove", "warehouse")


@pytest.mark.parametrize(
    ("name", "reads", "history", "says"),
    [
        ("trail.events", ["optima.#"], False, "small letters"),
        ("-", ["optima.#"], False, "small letters"),
        ("crm", ["#"], False, "no event type"),
        ("crm", ["optima.brief.submitted.v1|.*"], False, "no event type"),
        ("crm", ["optima.#.v1"], False, "no event type"),
        ("crm", ["optima.brief.#"], True, "prices included"),
    ],
)
def test_a_consumer_that_would_reach_further_is_not_made(
    name: str, reads: list[str], history: bool, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "broker", lambda: (None, ""))
    with pytest.raises(SystemExit, match=says):
        consumers.add(argparse.Namespace(name=name, reads=reads, history=history))


def test_nobody_is_made_twice_nor_missed(command: Callable[..., str]) -> None:
    command("add", "crm", "optima.brief.#")
    try:
        with pytest.raises(SystemExit, match="there already"):
            command("add", "crm", "optima.#")
    finally:
        command("remove", "crm")
    for verb in ("remove", "rotate"):
        with pytest.raises(SystemExit, match="no consumer"):
            command(verb, "crm")


def test_the_password_is_in_no_document_that_is_kept(own_broker: OwnBroker) -> None:
    from optima_kit.topology import Consumer, consumer_definitions

    made = consumer_definitions(Consumer("crm", ("optima.#",)), "hunter2")
    assert "hunter2" not in json.dumps(made)


@NIGHTLY
def test_whoever_takes_all_and_acknowledges_nothing_keeps_a_bounded_number_for_a_bounded_time(
    own_broker: OwnBroker, command: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a limit of its own, RabbitMQ gives it 2,000 at most, and takes them back after the timeout,
    here of seconds in place of half an hour. Then the queue's own limits hold for them too."""
    monkeypatch.setattr(topology, "_CONSUMERS_BACKLOG", 10)
    control, api = Rabbitmqctl(own_broker.rabbit), ManagementApi(own_broker.management)
    url = command("add", "greedy", "optima.brief.#")

    def times(timeout: int, looks: int) -> None:
        """After so many milliseconds a consumer's time is over, and so often it is looked."""
        changes = f"consumer_timeout, {timeout}), application:set_env(rabbit, channel_tick_interval, {looks})"
        control.run("eval", f"application:set_env(rabbit, {changes}.")

    def waiting() -> tuple[int, int]:
        """Ready and unacknowledged messages of its queue, as RabbitMQ counted them last."""
        queue = api._ask("GET", "queues/%2F/consumer.greedy.events")
        return queue.get("messages_ready", 0), queue.get("messages_unacknowledged", 0)

    times(90_000, 1_000)  # longer than publishing takes on a busy machine
    try:
        with own_broker.as_(url) as greedy, own_broker.as_(own_broker.url) as channel:
            taken: list[int] = []
            greedy.basic_consume("consumer.greedy.events", lambda *given: taken.append(given[1].delivery_tag))
            channel.confirm_delivery()
            body = event("x" * 1000)
            for _ in range(2200):  # raises where one is refused
                channel.basic_publish(EVENTS, "optima.brief.submitted.v1", body, mandatory=True)
                greedy.connection.process_data_events(time_limit=0)
            deadline = time.monotonic() + 300
            most = 0
            while greedy.is_open and time.monotonic() < deadline:
                with suppress(ChannelClosedByBroker):
                    greedy.connection.process_data_events(time_limit=0.5)
                most = max(most, waiting()[1])
            assert 0 < most <= len(taken) <= 2000
            assert not greedy.is_open
            while waiting() != (10, 0) and time.monotonic() < deadline:
                time.sleep(0.5)
            assert waiting() == (10, 0)
            channel.basic_publish(EVENTS, "optima.brief.submitted.v1", body, mandatory=True)
    finally:
        times(1_800_000, 60_000)
        command("remove", "greedy")
