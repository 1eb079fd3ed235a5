"""Who the private servers run as. PostgreSQL refuses root, so root lends them an ordinary account."""

import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .layout import Layout


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """The account for the private servers; None: the one that runs this."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = known.get("postgres") or known["nobody"]
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def make_servers_folder(layout: Layout, account: Account | None) -> None:
    """Make the servers' folder, the account's own.

    Where the account cannot reach the checkout (root's home, say) the folder lies in /var/tmp and is linked.
    """
    layout.folder.mkdir(parents=True, exist_ok=True)
    if layout.servers.exists():
        return
    layout.servers.unlink(missing_ok=True)  # a link to a folder that someone cleared away
    if account is None:
        layout.servers.mkdir(mode=0o700)
    elif anyone_may_enter(layout.folder):
        layout.servers.mkdir(mode=0o755)
        os.chown(layout.servers, account.uid, account.gid)
    else:
        elsewhere = tempfile.mkdtemp(prefix="linea-optima-", dir="/var/tmp")
        os.chown(elsewhere, account.uid, account.gid)
        layout.servers.symlink_to(elsewhere)
        print(
            f"{account.name} cannot enter {layout.folder}: the servers' data lie in {elsewhere}",
            flush=True,
        )


def delete_servers_folder(layout: Layout) -> None:
    if layout.servers.is_symlink():
        shutil.rmtree(layout.servers.resolve(), ignore_errors=True)
        layout.servers.unlink()


def anyone_may_enter(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.resolve().parents))
