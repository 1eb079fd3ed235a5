"""Which release was before this one."""

from __future__ import annotations

import subprocess

from optima_local.layout import ROOT


def git(*words: str) -> str:
    """What git prints; nothing, where it fails."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def release_before() -> str:
    """The newest tag `v*` before this commit; where there is none, the commit that deploy/previous-release
    names."""
    lines = (ROOT / "deploy" / "previous-release").read_text(encoding="utf-8").splitlines()
    named = next(line for line in lines if not line.startswith("#"))
    return git("describe", "--tags", "--abbrev=0", "--match", "v*", "HEAD^") or named
