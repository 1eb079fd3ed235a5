"""Rules for what production refuses in its configuration. Each rule is a type with which a setting is
declared."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import pairwise
from typing import Annotated, Any, Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

FORMER: Final = ","
"""The separator before each former secret, if there are several."""
USUAL_CIPHER: Final = "aes-256-gcm"
CIPHERS: Final = (USUAL_CIPHER, "chacha20-poly1305")
"""The ciphers that may be named in front of a secret: `chacha20-poly1305:` and the secret."""
SECRET_BITS: Final = 96
"""The least entropy of a secret, in bits. 32 random hexadecimal digits have more."""
PASSWORD_BITS: Final = 48
_SHORTEST_SECRET = 32
_WIDEST = {4: 8, 6: 7}
"""The shortest prefix, in bits, of a network that may be trusted, by IP version."""
_ENCRYPTED = {"require", "verify-ca", "verify-full"}
_THIS_MACHINE = tuple(
    map(
        ip_network,
        ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "::/127", "::ffff:0:0/96", "fe80::/10"),
    )
)
"""The machine's own networks: unspecified addresses (which lead to loopback), loopback, link-local, and IPv4
in IPv6, which has to be written as IPv4."""


def in_production(check: Callable[[Any], None], *, given: str = "environment") -> AfterValidator:
    """Return a validator that applies `check` in production only. `check` raises ValueError for what
    production refuses. It is applied only if the setting `given` has a value. The validated setting must be
    declared after `environment` and `given`."""

    def validated(value: Any, info: ValidationInfo) -> Any:
        is_production = info.data.get("environment") == "production"
        if is_production and info.data.get(given) is not None and value is not None:
            check(value)
        return value

    return AfterValidator(validated)


def entropy(text: str) -> float:
    """Return the entropy of a text in bits. It is computed from the characters and from the steps between
    them, and the lower value counts, which is low for "abcdef…" too. A repeated text counts once."""
    once = text[: (text + text).find(text, 1)] if text else text
    return min(_entropy(once), _entropy([ord(after) - ord(before) for before, after in pairwise(once)]))


def _entropy(signs: Sequence[Any]) -> float:
    counts = Counter(signs).values()
    return sum(count * math.log2(len(signs) / count) for count in counts)


def cipher_of(secret: str) -> tuple[str, str]:
    """Return the cipher that is named in front of a secret, or the usual one, and the secret itself."""
    cipher, colon, own = secret.partition(":")
    return (cipher, own) if colon and cipher in CIPHERS else (USUAL_CIPHER, secret)


def _strong(secret: SecretStr) -> None:
    text = secret.get_secret_value()
    if "demonstration" in text:
        raise ValueError("this is a demonstration secret; generate one: openssl rand -base64 48")
    if len(text) < _SHORTEST_SECRET or entropy(text) < SECRET_BITS:
        raise ValueError(
            f"too weak: at least {_SHORTEST_SECRET} random characters; generate them: openssl rand -base64 48"
        )


def _each_strong(secrets: SecretStr) -> None:
    for each in secrets.get_secret_value().split(FORMER):
        _strong(SecretStr(cipher_of(each)[1]))


def _database(url: SecretStr) -> None:
    parts = urlsplit(url.get_secret_value())
    if _is_far(parts) and parse_qs(parts.query).get("sslmode", [""])[-1] not in _ENCRYPTED:
        raise ValueError("would send passwords and data unencrypted; end it with ?sslmode=verify-full")
    _password(parts)


def _broker(url: SecretStr) -> None:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme != "amqps" and _is_far(parts):
        raise ValueError("would send passwords and events unencrypted; begin it with amqps://")
    _password(parts)


def _password(parts: SplitResult) -> None:
    password = unquote(parts.password or "")
    if "demonstration" in password:
        raise ValueError("its password is a demonstration's; generate one: openssl rand -hex 24")
    if password and _is_far(parts) and entropy(password) < PASSWORD_BITS:
        raise ValueError("its password is too weak; generate one: openssl rand -hex 24")


def _public(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError(f"{url!r} is no https address")
    if not _is_far(parts):
        raise ValueError(f"{url!r} leads to the reader's own machine")


def over_tls(urls: tuple[str, ...]) -> None:
    """Raise ValueError unless every address is one that a `PublicUrl` accepts."""
    for url in urls:
        _public(url)


def _inside(url: str) -> None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    of_the_cluster = re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+\.svc(\.cluster\.local)?)?", host) is not None
    if parts.scheme != "https" and _is_far(parts) and not (parts.scheme == "http" and of_the_cluster):
        raise ValueError(f"{url!r} is neither https nor a service of the same cluster")


def _mail_server(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("must read smtps://user:password@host or smtp://user:password@host")
    return url


def _sender(text: str) -> None:
    _, at, host = text.rstrip("> ").rpartition("@")
    if not at or not _is_far(urlsplit(f"//{host}")):
        raise ValueError(f"{text!r}: nobody can answer to that address")


def _narrow(networks: tuple[IPv4Network | IPv6Network, ...]) -> None:
    for network in networks:
        if network.prefixlen < _WIDEST[network.version]:
            raise ValueError(f"{network} is nearly everybody; name the networks that you mean")


def _elsewhere(networks: tuple[IPv4Network | IPv6Network, ...]) -> None:
    for network in networks:
        if any(network.version == own.version and network.overlaps(own) for own in _THIS_MACHINE):
            raise ValueError(f"{network} holds this machine's own addresses, or its cloud's metadata")


def _is_far(parts: SplitResult) -> bool:
    """Tell whether an address leads to another machine. PostgreSQL's sockets have no host."""
    host = (parts.hostname or "").removesuffix(".")
    if not host or host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        address = ip_address(host)
    except ValueError:
        return True
    return not (address.is_loopback or address.is_unspecified)


STRONG = in_production(_strong)
NARROW = in_production(_narrow)
ELSEWHERE = in_production(_elsewhere)
"""A check of networks to which requests with addresses chosen by others may go. They must not contain this
machine's own addresses."""

StrongSecret = Annotated[SecretStr, STRONG]
"""A secret that production refuses if it is weak or the demonstration's."""
KeySecret = Annotated[SecretStr, in_production(_each_strong)]
"""A secret for `Sealer`, with former ones after commas. Each has to be as strong as a `StrongSecret`."""
DatabaseUrl = Annotated[SecretStr, in_production(_database)]
BrokerUrl = Annotated[SecretStr, in_production(_broker)]
PublicUrl = Annotated[str, in_production(_public)]
"""An address to which people or other systems are sent. In production it must be https and not this machine's
own."""
InnerUrl = Annotated[str, in_production(_inside)]
"""The address of another service. In production it must be https, unless the service is in the same
cluster."""
MailServer = Annotated[SecretStr, AfterValidator(_mail_server)]
"""`smtps://user:password@host`, or `smtp://…` with STARTTLS."""
MailedUrl = Annotated[str, Field(validate_default=True), in_production(_public, given="mail_url")]
"""An address that e-mails contain. If `mail_url` is given, production refuses one that nobody can reach."""
Sender = Annotated[str, Field(validate_default=True), in_production(_sender, given="mail_url")]
"""The sender of e-mails. If `mail_url` is given, production refuses one to which nobody can answer."""
