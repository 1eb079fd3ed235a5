"""The commands of ./optima."""

import argparse
import asyncio
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from . import doctor, tryton
from .accounts import make_reachable, server_account
from .browser import NotSignedIn, open_portal, session_cookies
from .checks import run_tests
from .files import read_json
from .layout import ROOT, STACK
from .logs import follow, last_lines
from .processes import StartFailed
from .progress import Progress, print_table
from .secrets import settle_secrets
from .services import Servers, find_services, service_environment
from .stack import Busy, delete_data, exclusively, fetch_missing_servers, started, status_of, stop
from .watch import overview

_TENANT = "caffe-aurora"
"""The demonstration's company code."""


def up(options: argparse.Namespace) -> int:
    progress = Progress()
    with exclusively(STACK, "up"):
        status = status_of(STACK)
        if status and status["phase"] == "ready":
            print("The stack is up already; ./optima down stops it")
            if options.erp and not tryton.is_there(STACK):
                sys.exit("It has no Tryton: ./optima down, then ./optima up --erp tryton")
            delivered = not options.demo or deliver_a_brief()
        else:
            fetch_missing_servers(progress)
            if options.erp and not tryton.is_there(STACK):
                make_tryton(progress)
            with started(STACK, progress) as stay:
                if options.demo:
                    began = time.monotonic()
                    delivered = deliver_a_brief()
                    progress.rows.append(("The demonstration", time.monotonic() - began, ""))
                else:
                    delivered = True
                stay()
    if progress.rows:
        progress.table()
    show_addresses()
    return 0 if delivered else 1


def make_tryton(progress: Progress) -> None:
    """Give the stack a Tryton. It keeps it until its data are deleted."""
    progress.note("Making Tryton ready: two minutes on a machine that has not done so yet")
    with progress.step("Tryton made ready"):
        # Imported only here, because loading it takes longer than running the other commands.
        template = importlib.import_module("optima_local.tryton_people").template()
        make_reachable(STACK.servers, server_account())
        tryton.copy_template(template, tryton.folder_of(STACK))


def demo(options: argparse.Namespace) -> int:
    require_running()
    if options.people is None and options.briefs is None:
        return 0 if deliver_a_brief() else 1
    show = demonstration()
    load = asyncio.run(show.run_many(stage(), options.people or 1, options.briefs or options.people))
    print(f"{len(load.journeys)} briefs delivered, {load.journeys_per_second:.1f} a second")
    for failure in load.failures:
        print(f"failed: {failure}")
    return 1 if load.failures else 0


def deliver_a_brief() -> bool:
    """Set up the demonstration customer if it is missing, and take one brief to its delivery.

    Return False if a step failed. The failure is printed, and the stack stays up for inspection.
    """
    show = demonstration()
    print("The demonstration", flush=True)
    try:
        steps = asyncio.run(show.run_demonstration(stage()))
    except show.StepFailed as problem:
        print(f"✗ {problem}\n  The stack stays up; ./optima logs SERVICE shows more", flush=True)
        return False
    print(f"\n{show.table(steps)}")
    return True


def demonstration() -> ModuleType:
    """Import the demonstration only when it is needed, because loading it takes longer than running the other
    commands."""
    return importlib.import_module("optima_local.demonstration.show")


def stage() -> Any:
    return demonstration().Stage.of(STACK, read_json(STACK.addresses), ROOT)


def show_addresses() -> None:
    addresses = read_json(STACK.addresses)
    print()
    print_table(("service", "address"), sorted(addresses["services"].items()))
    print(f"\nAll addresses: {STACK.addresses}")
    if url := addresses.get("tryton"):
        print(f"Tryton: {url}, database {tryton.DATABASE}, user {tryton.USER}, password {tryton.PASSWORD}")
    print("./optima status shows the stack, ./optima logs SERVICE -f follows one, ./optima down stops it")
    if people := demonstrators():
        print("\nThe demonstration's people:\n")
        rows: list[tuple[str, ...]] = [
            (key, each["name"], each["email"], each["password"]) for key, each in people.items()
        ]
        print_table(("person", "name", "e-mail", "password"), rows)
        print(f"\nIn the browser: {addresses['services']['portal']}  company code: {_TENANT}")
        print("Signed in at once: ./optima open PERSON, for instance ./optima open direttore")
        print(f"The passwords were made here, and are kept in {demonstration_file()} for you alone")


def demonstrators() -> dict[str, Any]:
    """Return the demonstration's people by key, with their passwords. Empty if it was not set up."""
    told = read_json(demonstration_file())
    return told["people"] if told else {}


def demonstration_file() -> Path:
    return STACK.state / "demonstration.json"


def open_browser(options: argparse.Namespace) -> int:
    require_running()
    people = demonstrators()
    person = people.get(options.person)
    if person is None:
        sys.exit(f"Nobody is called {options.person!r}. There are: {', '.join(people) or 'none yet'}")
    portal = read_json(STACK.addresses)["services"]["portal"]
    try:
        cookies = session_cookies(portal, _TENANT, person["email"], person["password"])
    except NotSignedIn as problem:
        sys.exit(f"{person['name']} could not sign in. {problem}")
    return 0 if open_portal(portal, cookies) else 1


def status(_: argparse.Namespace) -> int:
    found = status_of(STACK)
    if found is None:
        print("The stack is down; ./optima up starts it")
        return 1
    print(f"The stack is {found['phase']}, supervisor {found['supervisor']['pid']}")
    print_table(
        ("name", "state", "pid", "port", "ready", "memory", "restarts", "waiting"),
        overview(found, read_json(STACK.addresses)),
    )
    return 0


def watch(options: argparse.Namespace) -> int:
    require_running()
    from .figures import show

    show(read_json(STACK.addresses)["metrics"], options.every, once=options.once)
    return 0


def logs(options: argparse.Namespace) -> int:
    path = STACK.logs / f"{options.name}.log"
    if not path.exists():
        known = ", ".join(sorted(found.stem for found in STACK.logs.glob("*.log")))
        sys.exit(f"No log of {options.name!r}. There are: {known or 'none yet'}")
    lines = (
        follow(path, options.lines, threading.Event()) if options.follow else last_lines(path, options.lines)
    )
    for line in lines:
        print(line, flush=True)
    return 0


def down(_: argparse.Namespace) -> int:
    with exclusively(STACK, "down"):
        print("Draining and stopping", flush=True)
        print("The stack is down" if stop(STACK) else "The stack was not up")
    return 0


def reset(_: argparse.Namespace) -> int:
    with exclusively(STACK, "reset"):
        stop(STACK)
        delete_data(STACK)
    print("Down, and all data of this stack are deleted")
    return 0


def bench(options: argparse.Namespace) -> int:
    require_running()
    from .checks import run_benchmarks

    return run_benchmarks(options.arguments)


def run_words(options: argparse.Namespace) -> int:
    """Run `python -m <service> WORDS` with the environment that the service has on the running stack."""
    require_running()
    code = next((found for found in find_services() if found.name == options.name), None)
    if code is None:
        sys.exit(f"No service {options.name!r}. There are: {', '.join(s.name for s in find_services())}")
    addresses = read_json(STACK.addresses)
    ports = {name: int(url.rpartition(":")[2]) for name, url in addresses["services"].items()}
    servers = Servers(addresses["postgres"], addresses["amqp"])
    secrets = settle_secrets(STACK, [])
    environment = service_environment(code, STACK, servers, ports, secrets)
    command = [sys.executable, "-m", code.module, *options.words]
    return subprocess.run(command, env=environment, check=False).returncode


def consumer(options: argparse.Namespace) -> int:
    """Run a verb of `consumer`. It is imported only here, because loading the parts of the kit that it needs
    takes longer than running the other commands."""
    status: int = getattr(importlib.import_module("optima_local.consumers"), options.verb)(options)
    return status


def webhook(options: argparse.Namespace) -> int:
    """Run `webhook`, which is imported only when it is needed, like the demonstration."""
    require_running()
    addresses = read_json(STACK.addresses)["services"]
    status: int = importlib.import_module("optima_local.webhooks").run(
        options, addresses, _TENANT, demonstrators()
    )
    return status


def trail_words(options: argparse.Namespace) -> int:
    """Run `python -m trail verify FILE…`, which needs no stack. File names are relative to the caller's
    folder."""
    if options.words[:1] != ["verify"]:
        print("usage: ./optima trail verify FILE…", file=sys.stderr)
        return 2
    folder = os.environ.get("OPTIMA_CALLED_FROM")
    return subprocess.run([sys.executable, "-m", "trail", *options.words], cwd=folder, check=False).returncode


def require_running() -> None:
    found = status_of(STACK)
    if found is None or found["phase"] != "ready":
        sys.exit("The stack is not up; ./optima up starts it")


def at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def seconds(text: str) -> float:
    number = float(text)
    if not 0.1 <= number <= 3600:
        raise argparse.ArgumentTypeError("0.1 to 3600 seconds")
    return number


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="./optima", description="Linea OPTIMA on this machine")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    added = command("up", up, "install what is missing, start everything, run the demonstration journey")
    added.add_argument("--no-demo", dest="demo", action="store_false", help="start without the demonstration")
    added.add_argument(
        "--erp", choices=("tryton",), help="use a Tryton as the customer's ERP instead of a folder of files"
    )
    added = command("demo", demo, "run demonstration journeys on the running stack")
    added.add_argument("--people", type=at_least_one, help="how many people write briefs at the same time")
    added.add_argument("--briefs", type=at_least_one, help="how many briefs in all, of mixed kinds")
    added = command(
        "open", open_browser, "open the portal in the browser, signed in as a demonstration person"
    )
    added.add_argument("person", metavar="PERSON", help="such as direttore")
    command("status", status, "show services, processes, ports, readiness, memory and queues")
    added = command("watch", watch, "show rates, lag and backlog of each service live, and what to do")
    added.add_argument("--every", type=seconds, default=2.0, metavar="SECONDS")
    added.add_argument("--once", action="store_true", help="show the figures once and end")
    added = command("logs", logs, "show the log of a service or server")
    added.add_argument("name", metavar="SERVICE")
    added.add_argument("-f", "--follow", action="store_true", help="show new lines as they come")
    added.add_argument("-n", "--lines", type=int, default=50)
    command("doctor", doctor.run, "check this machine and the stack, with a remedy for each finding")
    command("down", down, "drain and stop everything; the data stay")
    command("reset", reset, "stop everything and delete all data")
    added = command("test", run_tests, "check the code and run the tests on servers of their own")
    added.add_argument(
        "--fast", action="store_true", help="checks, unit, contract and architecture tests: within a minute"
    )
    added.add_argument("--bare-machine", action="store_true", help="also start everything in a bare Debian")
    added.add_argument("paths", nargs="*", metavar="PATH", help="run pytest only on these")
    added = command("run", run_words, "run a service's own command, such as: run brief parked list")
    added.add_argument("name", metavar="SERVICE")
    added.add_argument("words", nargs=argparse.REMAINDER, metavar="WORD")
    added = command(
        "consumer", consumer, "manage RabbitMQ users for the operator's own services that read events"
    )
    verbs = added.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, text in (
        ("add", "make a user with a queue of its own, and show its password once"),
        ("rotate", "give a user a new password, shown once"),
        ("remove", "delete a user with its queues"),
        ("show", "list the users"),
    ):
        verb_added = verbs.add_parser(verb, help=text, description=text)
        if verb != "show":
            verb_added.add_argument("name", metavar="NAME")
        if verb == "add":
            verb_added.add_argument(
                "--reads", action="append", required=True, metavar="TYPE", help="such as 'optima.logistics.#'"
            )
            verb_added.add_argument(
                "--history", action="store_true", help="may also read the stream of all published events"
            )
    added = command(
        "webhook", webhook, "set up a webhook of the demonstration's customer to this machine, and try it"
    )
    added.add_argument(
        "url",
        nargs="?",
        metavar="URL",
        help="address of your receiver, such as http://127.0.0.1:8000/events; without it, this command"
        " receives events itself and prints them",
    )
    added.add_argument(
        "--types",
        action="append",
        default=[],
        metavar="TYPE",
        help="prefix of event types, such as optima.brief.",
    )
    added.add_argument("--from-the-beginning", action="store_true", help="send the whole history first")
    added = command("trail", trail_words, "verify exports of the trail, offline: trail verify FILE…")
    added.add_argument("words", nargs=argparse.REMAINDER, metavar="WORD")
    command("bench", bench, "measure the running stack; bench --help lists its options")
    command("help", lambda _: show_help(root), "show this")
    return root


def show_help(root: argparse.ArgumentParser) -> int:
    root.print_help()
    return 0


def main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    if sys.argv[1:2] == ["bench"]:  # the benchmark parses its own options
        options = argparse.Namespace(run=bench, arguments=sys.argv[2:])
    else:
        options = parser().parse_args()
    try:
        sys.exit(options.run(options))
    except KeyboardInterrupt:
        print("Interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(1)
    except (StartFailed, Busy) as problem:
        sys.exit(str(problem))


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt
