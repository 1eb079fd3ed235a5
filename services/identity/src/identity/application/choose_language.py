"""A person chooses the language in which the system addresses them."""

from __future__ import annotations

from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.tenants import Language
from .facts import tell_of_person
from .ports import Ports


async def choose_language(ports: Ports, me: Actor, language: Language) -> None:
    """Set the person's language. The caller holds the directory's lock. An unchanged language has no effect.
    Raises Absent for a service account."""
    person = await ports.people.find(me.person_id)
    if person is None:
        raise Absent("person_absent")
    if person.language == language:
        return
    chosen = person.reading(language)
    await ports.people.update(chosen)
    tell_of_person(ports, chosen)
