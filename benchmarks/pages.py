"""Measures the portal of the running stack: how much a browser loads, how soon it shows, how long pages take.

    ./optima up && python benchmarks/pages.py
    python benchmarks/pages.py --rounds 20 --decisions 10 --renewals 100 --streams 100    a look in a minute

Briefs that people decide on are written for it, and stay. Chromium is the machine's own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
from measure.stack import Figure, Samples, addresses, at_most, print_figures, stage, status
from playwright.async_api import async_playwright

from optima_kit.clock import SystemClock
from optima_kit.db import Database
from optima_kit.sealing import Sealer
from optima_local.browser import session_cookies
from optima_local.demonstration.client import until
from optima_local.demonstration.customer import Customer
from optima_local.demonstration.show import customer_of
from optima_local.layout import STACK
from optima_local.ports import free_port
from optima_local.secrets import settle_secrets
from optima_local.services import Servers, find_services, is_ready, service_environment
from portal.adapters.postgres import PostgresSessions
from portal.bootstrap import SESSIONS_SEALED_AS
from portal.domain.sessions import read_cookie

PAGES: Final = (
    ("admin", "/today"),
    ("direttore", "/inbox"),
    ("marketing", "/briefs"),
    ("marketing", "/briefs/{brief}"),
    ("admin", "/production"),
    ("admin", "/orders"),
    ("backoffice", "/shipments"),
    ("tipografia", "/tasks"),
    ("auditor", "/trail?type="),
)
OTHERS: Final = ("approval", "brief", "production", "logistics", "identity", "trail", "erp-bridge")
FIRST_KB, LCP_SECONDS, SHIFT, P99_MS, TOLD_MS, STREAMS_MB = 40.0, 1.5, 0.02, 100.0, 500.0, 90.0
STILL_MS: Final = 1000.0
QUESTIONS: Final = 8
SLOW_4G: Final = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_638_400 / 8,
    "uploadThroughput": 750_000 / 8,
}
"""Lighthouse's: 1.6 Mbit/s down, 150 ms there and back."""
SLOW_CPU: Final = 4
LOADS: Final = 5
"""Cold loads a page, of which the median counts."""
TABS, REPLICAS = 2, 2
AS_IN_ITS_IMAGE: Final = """import runpy, sys
sys.modules["rich"] = None
sys.argv[1:] = ["http"]
runpy.run_module("portal", run_name="__main__")"""
"""Structlog loads rich where it finds it, which here it does, for other services and for tests."""
PARTS: Final = ("loads", "answers", "standing-still", "decisions", "streams", "renewals")
SHOWN: Final = """() => new Promise(resolve => {
    let shown = 0, shifted = 0;
    new PerformanceObserver(list => { for (const each of list.getEntries()) shown = each.startTime; })
        .observe({type: "largest-contentful-paint", buffered: true});
    new PerformanceObserver(list => { for (const each of list.getEntries()) shifted += each.value; })
        .observe({type: "layout-shift", buffered: true});
    setTimeout(() => {
        const [page] = performance.getEntriesByType("navigation");
        resolve([shown, page.domContentLoadedEventEnd, shifted]);
    }, 300);
})"""
PROCESS: Final[dict[str, Any]] = {
    "key": "misure",
    "name": "Misure",
    "subject": "brief",
    "steps": [{"key": "direzione", "name": "Direzione", "approvers": [{"role": "direttore"}]}],
}
BRIEF: Final[dict[str, Any]] = {
    "title": "Cartelli per le misure",
    "category": "pos",
    "budget": "900.00",
    "deadline": "2030-12-31",
    "items": [{"kind": "totem", "description": "Totem", "quantity": "1", "unit": "pz"}],
}


class Browsing:
    """The demonstration's people at the portal, over HTTP."""

    def __init__(self, customer: Customer) -> None:
        self.customer = customer
        self.address: str = addresses()["services"]["portal"]
        self._cookies: dict[str, list[str]] = {}

    async def cookies(self, key: str) -> list[str]:
        if key not in self._cookies:
            who = self.customer.people[key]
            self._cookies[key] = await asyncio.to_thread(
                session_cookies, self.address, "caffe-aurora", who.email, who.password
            )
        return self._cookies[key]

    @contextlib.asynccontextmanager
    async def as_(self, key: str, address: str = "") -> AsyncIterator[aiohttp.ClientSession]:
        cookie = "; ".join(each.partition(";")[0] for each in await self.cookies(key))
        async with aiohttp.ClientSession(
            address or self.address,
            headers={"Cookie": cookie},
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
        ) as client:
            yield client

    async def ask(self, key: str, method: str, service: str, path: str, body: Any = None) -> Any:
        who = self.customer.people[key]
        options = {} if body is None else {"json": body}
        return (await self.customer.api.as_(who, method, service, path, **options)).body


# --- what a browser loads, and how soon it shows


async def loads(browsing: Browsing) -> list[Figure]:
    figures = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell"), args=["--no-sandbox"]
        )
        for key, path in (("", "/sign-in"), ("direttore", "/inbox"), ("marketing", "/briefs/{brief}")):
            told = [await _cold_load(browser, browsing, key, path) for _ in range(LOADS)]
            kilobytes, shown, ready, shifted = (sorted(each)[LOADS // 2] for each in zip(*told, strict=True))
            name = f"{path} cold"
            budget = f"≤ {FIRST_KB:g} kB"
            figures += [
                Figure(f"{name}: loaded", kilobytes, "kB", budget, kilobytes <= FIRST_KB),
                at_most(f"{name}, slow telephone: largest content shown", shown / 1000, LCP_SECONDS * 1000),
                at_most(f"{name}, slow telephone: page ready", ready / 1000, LCP_SECONDS * 1000),
                Figure(
                    f"{name}, slow telephone: layout shift", shifted, "", f"≤ {SHIFT:g}", shifted <= SHIFT
                ),
            ]
        await browser.close()
    return figures


async def _cold_load(browser: Any, browsing: Browsing, key: str, path: str) -> list[float]:
    """Kilobytes on the wire; milliseconds until the largest content is shown and until the page is ready;
    how far the layout shifted."""
    context = await browser.new_context(
        base_url=browsing.address, locale="it-IT", viewport={"width": 390, "height": 844}
    )
    if key:
        for cookie in await browsing.cookies(key):
            name, _, value = cookie.partition(";")[0].partition("=")
            await context.add_cookies(
                [{"name": name, "value": value, "url": browsing.address.replace("http:", "https:")}]
            )
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    wire = 0.0

    def count(told: dict[str, Any]) -> None:
        nonlocal wire
        wire += told["encodedDataLength"]

    devtools.on("Network.loadingFinished", count)
    await devtools.send("Network.enable")
    await devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await devtools.send("Network.emulateNetworkConditions", SLOW_4G)
    await devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_CPU})
    answer = await page.goto(await _address(browsing, path))
    assert answer is not None
    assert answer.status == 200, answer.url
    assert key == "" or "/sign-in" not in page.url, "the browser did not take the cookie"
    figures = await page.evaluate(SHOWN)
    await context.close()
    return [wire / 1000, *figures]


async def _address(browsing: Browsing, path: str) -> str:
    if "{brief}" not in path:
        return path
    found = await browsing.ask("marketing", "GET", "brief", "/v1/briefs?state=delivered")
    found = found if found["items"] else await browsing.ask("marketing", "GET", "brief", "/v1/briefs")
    return path.format(brief=found["items"][0]["id"])


# --- how long pages take


async def answers(browsing: Browsing, rounds: int) -> list[Figure]:
    figures = []
    for key, path in PAGES:
        address, took = await _address(browsing, path), Samples()
        async with browsing.as_(key) as client:
            for number in range(rounds + 5):
                began = time.perf_counter()
                async with client.get(address, allow_redirects=False) as answer:
                    assert answer.status == 200, (address, answer.status)
                    size = len(await answer.read())
                if number >= 5:
                    took.values.append(time.perf_counter() - began)
                await asyncio.sleep(0.01)
        median = took.percentile(0.5) * 1000
        note = f"median {median:.0f} ms, {size / 1000:.0f} kB"
        figures.append(at_most(f"{path} of {key}, p99", took.percentile(0.99), P99_MS, note))
        asked = await _questions(browsing, key, address)
        figures.append(Figure(f"{path}: asked of services", asked, "", f"≤ {QUESTIONS}", asked <= QUESTIONS))
    return figures


async def _questions(browsing: Browsing, key: str, address: str) -> int:
    """How many requests of one trace the services noted."""
    trace = os.urandom(16).hex()
    async with browsing.as_(key) as client:
        traced = {"traceparent": f"00-{trace}-{os.urandom(8).hex()}-01"}
        async with client.get(address, headers=traced, allow_redirects=False) as answer:
            await answer.read()
    await asyncio.sleep(0.3)
    notes = [(STACK.logs / f"{name}.log").read_text("utf-8", "replace") for name in OTHERS]
    return sum(
        f'"trace_id":"{trace}"' in line and '"event":"request"' in line
        for note in notes
        for line in note.splitlines()
    )


# --- how long they take while a service stands still


async def standing_still(browsing: Browsing) -> list[Figure]:
    figures = []
    for name in OTHERS:
        took = Samples()
        for key, path in PAGES:
            address = await _address(browsing, path)
            async with browsing.as_(key) as client:
                async with client.get(address) as answer:  # as any page but the first of a process
                    await answer.read()
                with _stopped(name):
                    began = time.perf_counter()
                    async with client.get(address, allow_redirects=False) as answer:
                        assert answer.status in (200, 503), (address, answer.status)
                        await answer.read()
                    took.values.append(time.perf_counter() - began)
                await until(partial(_goes_on, name), f"{name} to go on")
        median = f"median {took.percentile(0.5) * 1000:.0f} ms"
        figures.append(at_most(f"{name} stands still: slowest page", max(took.values), STILL_MS, median))
    return figures


@contextlib.contextmanager
def _stopped(name: str) -> Iterator[None]:
    group = os.getpgid(status()["programs"][name]["pid"])
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


async def _goes_on(name: str) -> bool:
    """So that the portal has forgotten that it stood still."""
    port = int(addresses()["services"][name].rpartition(":")[2])
    await asyncio.sleep(1.1)
    return await asyncio.to_thread(is_ready, port)


# --- how soon somebody else sees a decision


async def decisions(browsing: Browsing, count: int) -> Figure:
    await browsing.ask("admin", "PUT", "approval", "/v1/processes/misure", PROCESS)
    await browsing.ask("admin", "POST", "approval", "/v1/processes/misure/publication", {})
    took = Samples()
    async with browsing.as_("marketing") as client:
        for _ in range(count):
            took.values.append(await _decision(browsing, client))
    name = "decision sent → shown on its requester's page, p95"
    return at_most(name, took.percentile(0.95), TOLD_MS, f"median {took.percentile(0.5) * 1000:.0f} ms")


async def _decision(browsing: Browsing, client: aiohttp.ClientSession) -> float:
    brief = (await browsing.ask("marketing", "POST", "brief", "/v1/briefs", BRIEF))["id"]
    await browsing.ask("marketing", "POST", "brief", f"/v1/briefs/{brief}/submission", {"process": "misure"})

    async def waits() -> Any:
        found = await browsing.ask("direttore", "GET", "approval", f"/v1/inbox?subject_id={brief}")
        return next(iter(found["items"]), None)

    entry = await until(waits, "the brief to wait for the director")
    await until(lambda: _shows(client, brief, "in_approval"), "its page to say so")
    async with client.get(f"/live?about={brief}") as stream:
        await stream.content.readline()
        await asyncio.sleep(0.2)  # what the submission hints at has passed
        body = {"step": entry["step"], "outcome": "approve", "content_hash": entry["content_hash"]}
        path = f"/v1/approvals/{entry['approval_id']}/decisions"
        began = time.perf_counter()
        deciding = asyncio.create_task(browsing.ask("direttore", "POST", "approval", path, body))
        async for line in stream.content:
            if line.strip() == b"event: page" and await _shows(client, brief, "approved"):
                break
        took = time.perf_counter() - began
        await deciding
    return took


async def _shows(client: aiohttp.ClientSession, brief: str, state: str) -> bool:
    async with client.get(f"/briefs/{brief}") as answer:
        return f'data-state="{state}"' in (await answer.text()).partition("</h1>")[2][:600]


# --- what many who look at once cost


async def streams(browsing: Browsing, count: int) -> Figure:
    """At a replica of its own, as a container runs it: the stack's processes are forks that share pages."""
    environment, port = _environment()
    async with contextlib.AsyncExitStack() as stack:
        pid = await stack.enter_async_context(_replica(environment, port))
        address = f"http://127.0.0.1:{port}"
        clients = [
            await stack.enter_async_context(browsing.as_(key, address)) for key in dict.fromkeys(dict(PAGES))
        ]
        for client in clients:  # as after the first pages
            async with client.get("/notices") as answer:
                await answer.read()
        before = _resident(pid)
        for number in range(count):
            client = clients[number % len(clients)]
            answer = await stack.enter_async_context(client.get("/live?about="))
            assert answer.status == 200
            await answer.content.readline()
        held = _resident(pid)
    budget, met = f"≤ {STREAMS_MB:g} MB", held <= STREAMS_MB
    return Figure(f"resident with {count} live streams", held, "MB", budget, met, f"{before:.0f} MB before")


def _resident(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)


# --- tabs that renew one session at the same time, at several replicas


async def renewals(browsing: Browsing, count: int) -> Figure:
    environment, port = _environment()
    cookie = (await browsing.cookies("auditor"))[0].partition("=")[2].partition(";")[0]
    read = read_cookie(cookie)
    assert read is not None
    database = await Database.open(
        environment["OPTIMA_DATABASE_URL"], source="/optima/portal", size=2, clock=SystemClock()
    )
    store = PostgresSessions(database, Sealer(environment["OPTIMA_KEY_SECRET"], SESSIONS_SEALED_AS))
    lost, renewed = 0, 0
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        await stack.enter_async_context(_replica(environment, port))
        replicas = (browsing.address, f"http://127.0.0.1:{port}")
        clients = [await stack.enter_async_context(browsing.as_("auditor", address)) for address in replicas]
        for number in range(count):
            now = datetime.now(UTC)
            session = await store.find(*read, now)
            assert session is not None, f"signed out in round {number}"
            # By turns: while the token still works, and after its end.
            ends = now + timedelta(seconds=60 if number % 2 else -1)
            await store.update_tokens(session, replace(session.tokens, access_ends_at=ends))
            asked = [_status(client) for client in clients for _ in range(TABS)]
            lost += sum(told != 200 for told in await asyncio.gather(*asked))
            after = await store.find(*read, datetime.now(UTC))
            renewed += after is not None and after.tokens.refresh != session.tokens.refresh
    name = f"answers without a session, {TABS} tabs × {REPLICAS} replicas, {count:,} renewals"
    return Figure(name, lost, "", "0", lost == 0 and renewed == count, f"{renewed:,} renewed")


async def _status(client: aiohttp.ClientSession) -> int:
    async with client.get("/live/notices", allow_redirects=False) as answer:
        await answer.read()
        return answer.status


def _environment() -> tuple[dict[str, str], int]:
    known = addresses()
    code = next(each for each in find_services() if each.name == "portal")
    ports = {name: int(url.rpartition(":")[2]) for name, url in known["services"].items()}
    servers = Servers(known["postgres"], known["amqp"])
    environment = service_environment(code, STACK, servers, ports, settle_secrets(STACK, []))
    port = free_port()
    return {**environment, "OPTIMA_HTTP_PORT": str(port)}, port


@contextlib.asynccontextmanager
async def _replica(environment: dict[str, str], port: int) -> AsyncIterator[int]:
    """The id of another process of the portal that answers, beside the stack's own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        AS_IN_ITS_IMAGE,
        env={**os.environ, "PYTHONNODEBUGRANGES": "1", **environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await until(lambda: asyncio.to_thread(is_ready, port), "the second replica to be ready")
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def measure(options: argparse.Namespace) -> None:
    """Prints each part as it comes."""
    async with customer_of(stage()) as customer:
        browsing = Browsing(customer)
        if "loads" in options.parts:
            print_figures(await loads(browsing))
        if "answers" in options.parts:
            print_figures(await answers(browsing, options.rounds))
        if "standing-still" in options.parts:
            print_figures(await standing_still(browsing))
        if "decisions" in options.parts:
            print_figures([await decisions(browsing, options.decisions)])
        if "streams" in options.parts:
            print_figures([await streams(browsing, options.streams)])
        if "renewals" in options.parts:
            print_figures([await renewals(browsing, options.renewals)])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200, help="how often each page is asked for")
    parser.add_argument("--decisions", type=int, default=40, help="how many are made")
    parser.add_argument("--streams", type=int, default=500, help="how many are open at once")
    parser.add_argument("--renewals", type=int, default=1000, help="how often a session is renewed")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="of all these, which")
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
