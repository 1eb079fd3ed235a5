"""Opens the portal in this machine's browser, signed in as one of the demonstration's people.

This command signs in at the portal with the person's password. Then it serves one page, at an address that
works once, which gives the browser the cookie of this session. This works because cookies belong to
127.0.0.1, whatever the port."""

import secrets
import threading
import urllib.error
import urllib.parse
import urllib.request
import webbrowser
from collections.abc import Callable
from http.client import HTTPMessage, HTTPResponse
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

WAITS_SECONDS = 300.0
"""How long the address waits to be opened, if this machine has no browser that can be started."""


class NotSignedIn(Exception):
    """Raised if the portal did not accept the password."""


def session_cookies(portal: str, tenant: str, email: str, password: str) -> list[str]:
    """Sign in at the portal and return the cookies that it sets. Raises NotSignedIn if it refuses."""
    form = urllib.parse.urlencode({"tenant": tenant, "email": email, "password": password, "next": "/"})
    opener = urllib.request.build_opener(_Stay)
    try:
        answer: HTTPResponse = opener.open(f"{portal}/sign-in", form.encode())
    except urllib.error.HTTPError as refused:
        raise NotSignedIn(f"The portal answered {refused.code}") from None
    if answer.status != 303:
        raise NotSignedIn("The portal asks for more than a password")
    return answer.headers.get_all("Set-Cookie") or []


def open_portal(
    portal: str,
    cookies: list[str],
    *,
    browse: Callable[[str], bool] = webbrowser.open,
    waits: float = WAITS_SECONDS,
) -> bool:
    """Open the portal in the browser with these cookies. Return False if nobody opened the address in
    time."""
    path, opened = f"/{secrets.token_urlsafe(32)}", threading.Event()

    class HandOver(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != path or opened.is_set():
                self.send_error(404)
                return
            opened.set()
            self.send_response(303)
            self.send_header("Location", f"{portal}/")
            for cookie in cookies:
                self.send_header("Set-Cookie", cookie)
            self.end_headers()

        def log_message(self, format: str, *_: Any) -> None:  # noqa: A002 - the base class's name
            pass

    with HTTPServer(("127.0.0.1", 0), HandOver) as server:
        address = f"http://127.0.0.1:{server.server_port}{path}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        if not browse(address):
            print(f"Open this address on this machine; it works once:\n{address}", flush=True)
        found = opened.wait(waits)
        server.shutdown()
    return found


class _Stay(urllib.request.HTTPRedirectHandler):
    """Does not follow redirects, because the cookies are in the answer to the sign-in itself."""

    def http_error_303(self, req: Any, fp: Any, code: int, msg: str, headers: HTTPMessage) -> Any:
        return fp
