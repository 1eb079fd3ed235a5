"""Issue a link that works once. Its text exists only in the answer and, encrypted, on its way to the mail
server; we store only its hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from optima_kit.ids import new_id

from ..domain.links import VALID_FOR, Link, Purpose
from ..domain.people import Person
from .opaque_tokens import new_token
from .ports import Ports


@dataclass(frozen=True, slots=True)
class IssuedLink:
    person: Person
    token: str
    expires_at: datetime


async def issue_link(ports: Ports, person: Person, purpose: Purpose) -> IssuedLink:
    token = new_token(ports.tenant_id)
    expires_at = ports.now + VALID_FOR[purpose]
    link = Link(new_id(), person.id, purpose, token.secret_hash, expires_at)
    await ports.links.insert(link)
    ports.post.schedule(ports.jobs, link, token.text)
    return IssuedLink(person, token.text, expires_at)
