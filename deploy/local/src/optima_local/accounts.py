"""The account under which the private servers run. PostgreSQL refuses to run as root, so if root runs this,
the servers run under an ordinary account."""

import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """Return the account for the private servers, or None if they run under the account that runs this."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def make_reachable(folder: Path, account: Account | None) -> None:
    """Make a folder that belongs to the account, in a place that the account can reach.

    If the account cannot enter the checkout (for instance in root's home), the folder is made in /var/tmp and
    linked, so give the account `folder.resolve()`."""
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.unlink(missing_ok=True)  # a link whose folder somebody deleted
    if account is None:
        folder.mkdir(mode=0o700)
        return
    if anyone_may_enter(folder.parent):
        folder.mkdir(mode=0o755)
    else:
        elsewhere = tempfile.mkdtemp(prefix=f"linea-optima-{folder.name}-", dir="/var/tmp")
        folder.symlink_to(elsewhere)
        print(f"{account.name} cannot enter {folder.parent}: {folder.name} lie in {elsewhere}", flush=True)
    os.chown(folder, account.uid, account.gid)


def delete_reachable(folder: Path) -> None:
    """Delete a folder that `make_reachable` made, also if it is linked."""
    if folder.is_symlink():
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        folder.unlink()
    else:
        shutil.rmtree(folder, ignore_errors=True)


def anyone_may_enter(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.resolve().parents))
