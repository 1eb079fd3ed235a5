"""Unpacks programs from the distribution's signed packages into a folder of ours, without installing them."""

import os
import shutil
import subprocess
from pathlib import Path


class Unavailable(Exception):
    """Raised if there is no apt here or it cannot get the package. The message contains what apt said."""


def unpack(package: str, folder: Path, *, alone: bool = False) -> Path:
    """Unpack a package and all packages that it needs and this machine lacks, and return the folder of their
    files. With `alone`, only the package itself is unpacked.

    This works for root and for ordinary users, and starts no system service. Raises Unavailable if it fails.
    """
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise Unavailable
    shutil.rmtree(folder, ignore_errors=True)
    packages = folder / "packages"
    packages.mkdir(parents=True)
    names, options = needed_packages(package, folder)
    run_apt([*options, "download", *([package] if alone else names)], packages)
    unpacked = folder / "root"
    for file in sorted(packages.glob("*.deb")):
        subprocess.run(["dpkg", "-x", file, unpacked], check=True)
    shutil.rmtree(packages)
    return unpacked


def libraries(unpacked: Path) -> str:
    """Return LD_LIBRARY_PATH for the programs in that folder."""
    return ":".join(map(str, [*unpacked.glob("usr/lib/*-linux-gnu*"), *unpacked.glob("lib/*-linux-gnu*")]))


def needed_packages(package: str, folder: Path) -> tuple[list[str], list[str]]:
    """Return the packages that apt would install here, and the apt options with which it finds them."""
    told = simulate(package, [])
    options: list[str] = []
    if told is None:
        options = own_package_lists(folder)
        run_apt([*options, "update"], folder)
        told = simulate(package, options)
    if told is None:
        raise Unavailable
    wanted = [line.split()[1] for line in told.splitlines() if line.startswith("Inst ")]
    return wanted or [package], options


def simulate(package: str, options: list[str]) -> str | None:
    command = ["apt-get", *options, "--simulate", "--no-install-recommends", "install", package]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"}, check=False
    )
    return done.stdout if done.returncode == 0 else None


def own_package_lists(folder: Path) -> list[str]:
    """Return apt options for package lists of our own, for machines whose lists are missing or old."""
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return ["-o", f"Dir::State::lists={folder / 'lists'}", "-o", f"Dir::Cache={folder}"]


def run_apt(arguments: list[str], folder: Path) -> None:
    done = subprocess.run(
        ["apt-get", "-qq", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Unavailable(f"\napt-get said: {done.stderr.strip()}")
