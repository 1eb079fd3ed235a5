"""What services send to PostgreSQL, RabbitMQ and the mail server reaches the server that was meant or nobody:
its certificate comes from the authority that the operator names, bears its name and has not expired.

The addresses are such as the chart writes: `deploy/helm/optima/templates/_helpers.tpl`.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from structlog.testing import LogCapture
from tests.deploy.conftest import DebianFolder
from tests.runtime.own_broker import OwnBroker, wait_for

import optima_kit.broker
from optima_kit.broker import Broker
from optima_kit.mail_server import MailServer
from optima_kit.postgres import open_pool
from optima_kit.testing import eventually
from optima_kit.testing.certificates import Authority
from optima_kit.testing.postbox import Postbox, postbox_open
from optima_local.accounts import server_account
from optima_local.ports import free_port
from optima_local.postgres import SETTINGS, TEST_SETTINGS, PrivatePostgres
from optima_local.processes import spawn

pytestmark = [pytest.mark.servers, pytest.mark.xdist_group("servers with certificates")]

HOST = "127.0.0.1"
OURS, ANOTHER = Authority("The operator's"), Authority("Somebody else's")
WRONG = {
    "of another name": (OURS, ("elsewhere.test",), False, "not valid for"),
    "expired": (OURS, (HOST, "expired.test"), True, "certificate has expired"),
    "of another authority": (ANOTHER, (HOST, "another.test"), False, "unable to get local issuer"),
}
"""Who certifies which names, whether that has expired, and what is said of it."""


@pytest.fixture(scope="module")
def cafile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The operator's authority."""
    file = tmp_path_factory.mktemp("authorities") / "ca.crt"
    file.write_text(OURS.pem)
    return file


# -- PostgreSQL


class CertifiedPostgres:
    """Shows whatever certificate it is started with."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._account = server_account()
        self._files = {"ssl_cert_file": folder / "server.crt", "ssl_key_file": folder / "server.key"}
        paths = {name: f"'{file}'" for name, file in self._files.items()}
        settings = SETTINGS | TEST_SETTINGS | paths | {"ssl": "on", "shared_buffers": "'16MB'"}
        self._server = PrivatePostgres(
            programs, folder / "data", free_port(), "secret", self._account, settings
        )
        self._server.initialise()

    @asynccontextmanager
    async def showing(self, certificate: tuple[str, str], cafile: Path) -> AsyncIterator[str]:
        for file, text in zip(self._files.values(), certificate, strict=True):
            file.touch(mode=0o600)
            file.write_text(text)
            if self._account:
                os.chown(file, self._account.uid, self._account.gid)
        program = self._server.program()
        process = spawn(program, subprocess.DEVNULL)
        try:
            wait_for(program.ready, process)
            yield f"{self._server.url}?sslmode=verify-full&sslrootcert={cafile}"
        finally:
            process.send_signal(program.stop_signal)
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def postgres(debian_folder: DebianFolder) -> Iterator[CertifiedPostgres]:
    # Debian's: the one that ./optima fetches was built without TLS.
    found = list(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    found = found or list(debian_folder("postgresql-15").glob("usr/lib/postgresql/*/bin/postgres"))
    folder = Path(tempfile.mkdtemp(prefix="linea-optima-tls-", dir="/var/tmp"))
    if account := server_account():
        os.chown(folder, account.uid, account.gid)
    yield CertifiedPostgres(folder, found[0].parent)
    shutil.rmtree(folder)


async def encrypted(url: str) -> bool:
    pool = await open_pool(url, "tls", 1)
    try:
        return bool(await pool.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
    finally:
        await pool.close()


async def test_a_database_with_a_certificate_of_the_operators_authority_is_used(
    postgres: CertifiedPostgres, cafile: Path
) -> None:
    async with postgres.showing(OURS.certified(HOST), cafile) as url:
        assert await encrypted(url)


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_database_with_a_wrong_certificate_is_told_nothing(
    postgres: CertifiedPostgres, cafile: Path, wrong: str
) -> None:
    authority, names, expired, said = WRONG[wrong]
    async with postgres.showing(authority.certified(*names, expired=expired), cafile) as url:
        with pytest.raises(ssl.SSLCertVerificationError, match=said):
            await encrypted(url)


# -- RabbitMQ


class CertifiedBroker(OwnBroker):
    """Shows the right certificate, and to clients that ask for its name each wrong one."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._folder, self._port = folder, free_port()
        by_name = ", ".join(
            f'{{"{names[-1]}", {self._options(authority.certified(*names, expired=expired))}}}'
            for authority, names, expired, _ in WRONG.values()
        )
        options = self._options(OURS.certified(HOST), f", {{sni_hosts, [{by_name}]}}")
        listeners = f'{{ssl_listeners, [{{"{HOST}", {self._port}}}]}}, {{ssl_options, {options}}}'
        configuration = folder / "rabbitmq.config"
        told = configuration.read_text()
        assert "{rabbit, [" in told
        configuration.write_text(told.replace("{rabbit, [", f"{{rabbit, [{listeners},"))

    def _options(self, certificate: tuple[str, str], more: str = "") -> str:
        made = Path(tempfile.mkdtemp(dir=self._folder))
        for name, text in zip(("crt", "key"), certificate, strict=True):
            (made / name).write_text(text)
        return f'[{{certfile, "{made}/crt"}}, {{keyfile, "{made}/key"}}{more}]'

    def url_with(self, **options: str) -> str:
        return f"amqps://root:secret@{HOST}:{self._port}/%2F?ssl_options={quote(str(options))}"


@pytest.fixture(scope="module")
def rabbit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CertifiedBroker]:
    made = CertifiedBroker(tmp_path_factory.mktemp("rabbit"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


async def test_a_broker_with_a_certificate_of_the_operators_authority_is_used(
    rabbit: CertifiedBroker, cafile: Path
) -> None:
    async with Broker(rabbit.url_with(cafile=str(cafile)), "tls") as broker, broker.channel() as channel:
        assert channel.is_open


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_broker_with_a_wrong_certificate_is_told_nothing(
    rabbit: CertifiedBroker, cafile: Path, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, names, _, said = WRONG[wrong]
    # It shows the certificate of another name to who asks for a name that no certificate bears.
    asked = "unknown.test" if wrong == "of another name" else names[-1]
    captured = LogCapture()
    logger = structlog.wrap_logger(None, processors=[captured], wrapper_class=structlog.BoundLogger)
    monkeypatch.setattr(optima_kit.broker, "_LOG", logger)
    async with Broker(rabbit.url_with(cafile=str(cafile), server_hostname=asked), "tls") as broker:

        def told() -> Any:
            assert not broker.connected
            return [entry for entry in captured.entries if said in entry.get("error", "")]

        await eventually(told)


# -- the mail server


async def send(box: Postbox, cafile: Path) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "optima@example.it", "anna@example.it", "Brief"
    letter.set_content("https://portal.example.it/")
    await MailServer(f"{box.url}?cafile={cafile}").send(letter)


@pytest.mark.parametrize("way", ["tls", "starttls"])
async def test_a_mail_server_with_a_certificate_of_the_operators_authority_gets_letters(
    cafile: Path, way: str
) -> None:
    context = OURS.server_tls(HOST)
    async with postbox_open(**{way: context}) as box:
        await send(box, cafile)
        assert [letter["To"] for letter in box.letters] == ["anna@example.it"]


@pytest.mark.parametrize("way", ["tls", "starttls"])
@pytest.mark.parametrize("wrong", WRONG)
async def test_a_mail_server_with_a_wrong_certificate_gets_none(cafile: Path, way: str, wrong: str) -> None:
    authority, names, expired, said = WRONG[wrong]
    context = authority.server_tls(*names, expired=expired)
    async with postbox_open(**{way: context}) as box:
        with pytest.raises(ssl.SSLCertVerificationError, match=said):
            await send(box, cafile)
        assert box.letters == []
