"""An admin defines a type of brief, or its next version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from optima_contracts.brief import BriefTypeDefined, FormFieldKind
from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Invalid, Stale

from ..domain.forms import Words, form_of
from ..domain.types import BriefType, fields_mean_what_they_do_elsewhere
from .ports import Ports
from .read.access import may_look_after_briefs

MOST_TYPES = 500
"""The most types whose fields are compared, which is far more than a tenant uses."""


async def define_type(
    ports: Ports,
    actor: Actor,
    key: str,
    expected_version: int | None,
    *,
    name: Words,
    schema: Mapping[str, Any],
    process: str | None,
    kinds: Sequence[str],
    purchasing_owner_id: UUID | None,
    offered: bool,
) -> BriefType:
    """Define the next version of a type. New briefs use it, and existing briefs keep theirs. Raises Stale
    unless `expected_version` is the newest version, or None for a type that does not exist yet."""
    form = form_of(schema)
    known = await ports.types.find_type(key)
    if expected_version != (known.version if known else None):
        raise Stale("stale_version", field="If-Match")
    fields_mean_what_they_do_elsewhere(form, await ports.types.list_types("", MOST_TYPES))
    if purchasing_owner_id is not None:
        owner = await ports.directory.find_person(purchasing_owner_id)
        if owner is None or not may_look_after_briefs(owner):
            raise Invalid("purchasing_owner_cannot_price", field="purchasing_owner_id")
    defined = BriefType(
        type_id=known.type_id if known else new_id(),
        key=key,
        version=known.version + 1 if known else 1,
        name=name,
        schema=schema,
        process=process,
        kinds=tuple(dict.fromkeys(kinds)),
        purchasing_owner_id=purchasing_owner_id,
        offered=offered,
        defined_at=ports.now,
        defined_by=actor.person_id,
    )
    if not await ports.types.insert_type(defined):
        raise Stale("stale_version", field="If-Match")
    told = BriefTypeDefined(
        type_id=defined.type_id,
        key=key,
        version=defined.version,
        fields=list(form.fields),
        form=[FormFieldKind(key=each.key, kind=each.kind.value) for each in form.fields.values()],
        offered=offered,
    )
    ports.outbox.add(told, subject=defined.type_id, correlation=defined.type_id)
    return defined
