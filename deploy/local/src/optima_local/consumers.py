"""RabbitMQ users for the operator's own services that listen to events: `./optima consumer`.

Such a user has a queue with the event types that it may read and a queue for messages that it rejects. It
reads these two and may do nothing else. The exchange carries the events of all tenants, so a system that
serves a single tenant should use webhooks or the pull feed, which are limited to one tenant."""

import argparse
import os
import re
import secrets
import sys

from optima_kit import topology
from optima_kit.reactions import EVERYTHING

from . import rabbitmq
from .broker_administration import BrokerAdministration, ManagementApi, Rabbitmqctl, management_url
from .files import read_json
from .layout import STACK
from .services import Servers
from .stack import status_of

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
TYPES = re.compile(r"optima(\.([a-z0-9_]+|\*))*(\.#)?")


def add(options: argparse.Namespace) -> int:
    """Make the user and print its password, which is stored nowhere."""
    consumer = topology.Consumer(options.name, tuple(options.reads), history=options.history)
    reason = refusal(consumer)
    administration, url = broker()
    if reason is None and consumer.user in administration.users():
        reason = f"{consumer.user} is there already: rotate its password, or remove it first"
    if reason is not None:
        sys.exit(reason)
    print_address(consumer, give_password(administration, consumer, url), url)
    queue, dead = topology.events_queue(consumer.user), topology.dead_queue(consumer.user)
    print(f"It reads {queue}, with {', '.join(consumer.reads)}; what it rejects goes to {dead}")
    return 0


def rotate(options: argparse.Namespace) -> int:
    """Give the user a new password. Open connections stay, but the old password opens no new ones."""
    administration, url = broker()
    consumer = existing(administration, options.name)
    password = secrets.token_urlsafe(32)
    administration.load(topology.consumer_password(consumer, password))
    print_address(consumer, password, url)
    return 0


def remove(options: argparse.Namespace) -> int:
    """Delete the user, its queues and the messages in them."""
    administration, _ = broker()
    consumer = existing(administration, options.name)
    administration.delete_user(consumer.user)
    queues = [name for name in administration.queues() if name.startswith(f"{consumer.user}.")]
    for queue in queues:
        administration.delete_queue(queue)
    print(f"{consumer.user} is removed, with {len(queues)} queues")
    return 0


def show(_: argparse.Namespace) -> int:
    administration, _url = broker()
    for user in sorted(administration.users()):
        if user.startswith(topology.CONSUMERS):
            print(user.removeprefix(topology.CONSUMERS))
    return 0


def refusal(consumer: topology.Consumer) -> str | None:
    """Return why such a consumer is not allowed, or None if it is."""
    if not NAME.fullmatch(consumer.name):
        return "A consumer's name is of small letters, digits and dashes, 40 at most"
    for key in consumer.reads:
        if not TYPES.fullmatch(key):
            return (
                f"{key!r} is no event type: give one of docs/events.md, or a pattern such as optima.brief.#"
            )
    if consumer.history and EVERYTHING not in consumer.reads:
        return (
            "The history holds every type, prices included: who reads it must be given"
            f" --reads '{EVERYTHING}'. Its queue holds what it may read, from now on."
        )
    return None


def existing(administration: BrokerAdministration, name: str) -> topology.Consumer:
    consumer = topology.Consumer(name, ())
    if consumer.user not in administration.users():
        sys.exit(f"There is no consumer {name!r}; ./optima consumer show lists them")
    return consumer


def give_password(administration: BrokerAdministration, consumer: topology.Consumer, url: str) -> str:
    password = secrets.token_urlsafe(32)
    administration.load(topology.consumer_definitions(consumer, password, vhost=Servers("", url).vhost))
    return password


def print_address(consumer: topology.Consumer, password: str, url: str) -> None:
    address = Servers("", url).broker_url(consumer.user, password)
    print(f"{address}\nThe password is shown this once.")


def broker() -> tuple[BrokerAdministration, str]:
    """Return the administration of the events' broker and its address. This is the broker in OPTIMA_AMQP_URL,
    through its management API, or else the private broker of the running stack."""
    if "OPTIMA_AMQP_URL" in os.environ:
        url = os.environ["OPTIMA_AMQP_URL"]
        return ManagementApi(management_url(), Servers("", url).vhost), url
    if status_of(STACK) is None:
        sys.exit(
            "The stack is not up; ./optima up starts it. For a broker of your own set OPTIMA_AMQP_URL and"
            " OPTIMA_AMQP_MANAGEMENT_URL."
        )
    url = read_json(STACK.addresses)["amqp"]
    ports = read_json(STACK.ports)
    found = rabbitmq.find_rabbitmq()
    if found is None:
        sys.exit("RabbitMQ's programs are gone; run ./optima up again")
    return Rabbitmqctl(rabbitmq.private_rabbit(found, STACK, ports), Servers("", url).vhost), url
