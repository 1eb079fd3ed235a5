"""podman, and what images are built on where no registry is in reach: Debian as debootstrap makes it.

Needs root, podman, runc and debootstrap (Debian: apt install podman buildah runc debootstrap).
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from optima_kit.testing.nights import NIGHTLY
from optima_local.layout import ROOT

PROGRAMS = ("podman", "runc", "debootstrap")
MISSING = [name for name in PROGRAMS if not shutil.which(name)]
NEEDS_ENGINE = [
    pytest.mark.servers,
    pytest.mark.xdist_group("images"),
    NIGHTLY,
    pytest.mark.skipif(
        bool(MISSING), reason=f"missing: {', '.join(MISSING)} (apt install {' '.join(PROGRAMS)})"
    ),
]
BASE = "localhost/linea-optima-base:test"
LEFT_OUT = ("./var/cache/apt", "./var/lib/apt/lists", "./usr/share/doc", "./usr/share/man")


@cache
def environment(folder: Path) -> dict[str, str]:
    """With which podman works without systemd, and within what an unprivileged sandbox may grant."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    configuration = folder / "containers.conf"
    configuration.write_text(
        f'[containers]\ndefault_ulimits = ["nofile={files}:{files}", "nproc=4096:4096"]\n'
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n'
    )
    return {
        "STORAGE_DRIVER": "vfs",
        "CONTAINERS_CONF": str(configuration),
        "BUILDAH_ISOLATION": "chroot",
        "DISABLE_HC_SYSTEMD": "true",
    }


class Engine:
    """podman on this machine."""

    def __init__(self, folder: Path) -> None:
        self.environment = os.environ | environment(folder)

    def try_podman(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["podman", *words], env=self.environment, cwd=ROOT, capture_output=True, text=True
        )

    def podman(self, *words: str | Path) -> str:
        done = self.try_podman(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def size(self, image: str) -> int:
        size: int = json.loads(self.podman("image", "inspect", image))[0]["Size"]
        return size

    def build(self, target: str, name: str, *options: str) -> str:
        """The image of a service, or of provisioning, out of the one Dockerfile."""
        tag = f"localhost/linea-optima/{name}:test"
        words = ["--file", "deploy/Dockerfile", "--target", target, "--tag", tag]
        arguments = ["--build-arg", f"BASE={BASE}", "--build-arg", f"SERVICE={name}"]
        self.podman("build", "--quiet", *words, *arguments, *options, ".")
        return tag

    def import_debian(self, suite: str, packages: str, folder: Path, tag: str, *changes: str) -> None:
        """An image of Debian with those packages, and with the files that `folder` has more. One that is
        there is kept: `podman rmi` has it made anew."""
        if self.try_podman("image", "exists", tag).returncode == 0:
            return
        root = folder / suite
        made = subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={packages}", suite, root],
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stdout[-2000:] + made.stderr
        if (more := folder / "more").exists():
            shutil.copytree(more, root, dirs_exist_ok=True)
        archive = root.with_suffix(".tar")
        leave_out = [f"--exclude={path}" for path in LEFT_OUT]
        subprocess.run(["tar", "-C", root, *leave_out, "-cf", archive, "."], check=True)
        shutil.rmtree(root)
        options = [word for change in changes for word in ("--change", change)]
        self.podman("import", "--quiet", *options, archive, tag)
        archive.unlink()


def wheels_of_this_machine(folder: Path) -> list[str]:
    """podman's options by which a build gets its packages from this machine, as pip here gets them."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--require-hashes"]
    for lock in ("build", "runtime", "sbom"):
        wanted = ROOT / "requirements" / f"{lock}.txt"
        subprocess.run([*pip, "--dest", folder, "--requirement", wanted], check=True)
    configuration = folder / "pip.conf"
    configuration.write_text("[global]\nno-index = true\nfind-links = /wheelhouse\n")
    return ["--volume", f"{folder}:/wheelhouse:ro", "--volume", f"{configuration}:/etc/pip.conf:ro"]
