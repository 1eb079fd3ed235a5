"""./optima up as an ordinary user on a machine that has Python and nothing else.

Needs root (for debootstrap and the namespaces) and a network. It takes minutes, so it runs where it is asked
for: `./optima test --bare-machine`, as CI does.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / ".optima" / "bare-machine"
CHECKOUT = Path("home/optima/linea-optima")
PACKAGES = "python3,ca-certificates"
BOOTSTRAP_SECONDS = 300
UP_SECONDS = 240

pytestmark = [pytest.mark.journey, pytest.mark.timeout(BOOTSTRAP_SECONDS + UP_SECONDS + 60)]


def why_left_out() -> str | None:
    if os.environ.get("OPTIMA_BARE_MACHINE") != "1":
        return "left out: ./optima test --bare-machine runs it (minutes, root and a network)"
    if os.geteuid() != 0:
        return "left out: needs root for debootstrap"
    if not shutil.which("debootstrap"):
        return "left out: needs debootstrap (apt install debootstrap)"
    return None


@pytest.fixture
def bare_machine() -> Iterator[Path]:
    """The root of a bare Debian with the checkout in the home of its ordinary user; kept between runs."""
    reason = why_left_out()
    if reason and os.environ.get("CI") and os.environ.get("OPTIMA_BARE_MACHINE") == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    if not (BASE / "complete").exists():
        shutil.rmtree(BASE, ignore_errors=True)
        BASE.mkdir(parents=True)
        command = [
            "debootstrap",
            "--variant=minbase",
            f"--include={PACKAGES}",
            "bookworm",
            str(BASE / "root"),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=BOOTSTRAP_SECONDS)
        subprocess.run(["chroot", BASE / "root", "useradd", "--create-home", "optima"], check=True)
        (BASE / "complete").touch()
    root = BASE / "root"
    reach_the_network_like_this_machine(root)
    shutil.rmtree(root / CHECKOUT, ignore_errors=True)
    copy_checkout(root / CHECKOUT)
    subprocess.run(["chroot", root, "chown", "--recursive", "optima:optima", f"/{CHECKOUT}"], check=True)
    yield root
    shutil.rmtree(root / CHECKOUT, ignore_errors=True)


def reach_the_network_like_this_machine(root: Path) -> None:
    """Take over the machine's name resolution, certificates and configuration of the package clients."""
    files = ["/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf", "/etc/uv/uv.toml"]
    for file in filter(os.path.exists, files):
        target = root / file.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        shutil.copyfile(file, target)


def copy_checkout(target: Path) -> None:
    """Everything that git would take, uncommitted changes included."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def in_bare_machine(root: Path, command: str) -> "subprocess.CompletedProcess[str]":
    """Run as the ordinary user, in namespaces of its own: what is left at the end dies with them."""
    kept = ("PIP_CERT", "SSL_CERT_FILE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "no_proxy")
    environment = [f"{name}={os.environ[name]}" for name in kept if name in os.environ]
    environment += ["HOME=/home/optima", "PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"]
    script = (
        'mount -t proc proc "$ROOT/proc" && mount --rbind /dev "$ROOT/dev"'
        f' && exec chroot --userspec=optima:optima "$ROOT" env -i "$@" sh -c "cd /{CHECKOUT} && {command}"'
    )
    namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh"]
    return subprocess.run(
        [*namespaces, *environment],
        env=os.environ | {"ROOT": str(root)},
        capture_output=True,
        text=True,
        timeout=UP_SECONDS,
        check=False,
    )


def test_an_ordinary_user_of_a_bare_machine_gets_a_brief_delivered(bare_machine: Path) -> None:
    done = in_bare_machine(bare_machine, "./optima up && ./optima status && ./optima down")
    assert done.returncode == 0, done.stdout + done.stderr
    for step in ("PostgreSQL fetched", "RabbitMQ fetched", "The brief closes by itself", "The stack is down"):
        assert step in done.stdout, done.stdout
