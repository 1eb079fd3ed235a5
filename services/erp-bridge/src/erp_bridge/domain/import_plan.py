"""Plan what a page of remote records would change. The same plan serves the dry run and the real import.

A remote record is matched to ours by link (the remote id), then by Partita IVA or Codice Fiscale among the
records that the connection has no link to. No weaker match is made without a person. If a code is all that
identifies a remote record, a code that was changed or given to another record is a question for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from optima_kit.refusals import Invalid, Refusal, Violations

from .conflict import Edit
from .connection import Capability
from .mapping import EntityMapping, Fields
from .party import Checks, tax_numbers
from .record import checked, content_hash

Answer = Literal["same", "another"]
"""A person's answer about a record: it is the same record that we know, or another one."""


@dataclass(frozen=True, slots=True)
class RemoteRecord:
    values: Mapping[str, Any]
    """The record's values in the remote system; empty if a row did not fit its file's header."""
    remote_id: str | None = None
    """The record's remote id; None if its code serves as the id."""
    version: str | None = None
    """The version by which the remote system detects that somebody changed the record."""
    line: int = 0
    """The line of its file on which the record begins; the header is line 1."""


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """A remote record with the fields that a mapping read from it."""

    record: RemoteRecord
    mapped: Fields
    """Our fields; empty if the record can't be read."""
    remote_id: str
    """The remote id or the code; empty if the record has neither."""
    content_hash: str
    """Hash of `mapped`."""
    problem: Invalid | None = None
    """The reason why the record can't be read."""


def read_records(mapping: EntityMapping, records: Iterable[RemoteRecord]) -> list[ReadRecord]:
    found = []
    for record in records:
        problem, mapped = None, Fields()
        try:
            if not record.values:
                raise Invalid("row_does_not_fit", field="line")
            mapped = mapping.read(record.values)
        except Invalid as refusal:
            problem = refusal
        remote_id = record.remote_id or mapped.get("code") or ""
        found.append(ReadRecord(record, mapped, remote_id, content_hash(mapped), problem))
    return found


def came_as_before(read: Iterable[ReadRecord], hashes: Mapping[str, str | None]) -> set[str]:
    """Return the remote ids whose records all have the content that was last imported. `hashes` holds the
    hash of that content by remote id."""
    found: dict[str, bool] = {}
    for each in read:
        same = each.problem is None and hashes.get(each.remote_id) == each.content_hash
        found[each.remote_id] = found.get(each.remote_id, True) and same
    return {remote_id for remote_id, same in found.items() if same}


@dataclass(frozen=True, slots=True)
class KnownRecord:
    record_id: UUID
    fields: Fields
    content_hash: str | None = None
    """Hash of the mapped fields when the record last came through this connection."""
    remote_id: str | None = None
    edits: Mapping[str, Edit] = field(default_factory=dict)
    """Fields that were changed here, and to which no ERP has agreed yet."""
    shared: Fields = field(default_factory=dict)
    """The ERP's last values of the fields that both sides may change."""
    linked: bool = True
    """False if the remote record was deleted, or no longer is the same record."""


@dataclass(slots=True)
class KnownRecords:
    """Our records that a page of remote records may match; updated while the page is planned."""

    by_remote_id: dict[str, KnownRecord] = field(default_factory=dict)
    """Records that are linked to this connection."""
    unlinked_by_tax_number: dict[str, KnownRecord] = field(default_factory=dict)
    """Records that another connection imported and to which this one has no link yet."""
    linked_by_tax_number: dict[str, KnownRecord] = field(default_factory=dict)
    """Records that are linked to this connection, under any remote id."""
    taken_codes: set[str] = field(default_factory=set)
    """Our codes that are in use."""

    def remember(self, remote_id: str, known: KnownRecord) -> None:
        self.by_remote_id[remote_id] = known
        for number in tax_numbers(known.fields):
            self.unlinked_by_tax_number.pop(number, None)


@dataclass(frozen=True, slots=True)
class PlannedRecord:
    line: int
    action: Literal["create", "change", "unchanged"]
    record_id: UUID
    remote_id: str
    remote_code: str
    version: str | None
    content_hash: str
    fields: Fields
    link_changed: bool
    """Whether the stored link has to be updated."""
    code: str | None = None
    """Our code for a record that is created."""
    notices: tuple[Refusal, ...] = ()
    shared: Fields = field(default_factory=dict)
    """The ERP's values of the fields that both sides may change."""
    agreed: tuple[str, ...] = ()
    """Fields that were changed here, and to which the ERP now agrees."""
    conflicts: Mapping[str, str | None] = field(default_factory=dict)
    """The ERP's values of fields that both sides have changed."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The remote values as they came, if there are notices. Orders and invoices keep other data here."""


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    line: int
    key: str
    """Identifies the record when it comes again: its remote id or code, or its place in the source."""
    values: Mapping[str, Any]
    problems: tuple[Refusal, ...]
    asks: bool = False
    """Whether a person is asked whether it is a record that we know."""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    records: list[PlannedRecord] = field(default_factory=list)
    refused: list[RefusedRecord] = field(default_factory=list)
    as_before: Sequence[ReadRecord] = ()
    """Records that came with the same content as last time and were not examined further."""
    passed_over: list[str] = field(default_factory=list)
    """Remote ids whose stored failures are settled, because no person has to act on them any more."""

    def count(self, action: str) -> int:
        planned = sum(1 for each in self.records if each.action == action)
        return planned + len(self.as_before) if action == "unchanged" else planned


class Question(Exception):
    """Raised if only a person can tell whether the record is one that we know."""

    def __init__(self, problem: Invalid) -> None:
        super().__init__(problem.code)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans one entity's records of one connection."""

    capability: Capability
    mapping: EntityMapping
    checks: Checks
    connection_key: str
    new_id: Callable[[], UUID]
    answer: Answer | None = None
    """A person's answer about the one record that is planned again."""

    def plan(
        self, records: Iterable[ReadRecord], known: KnownRecords, *, source: str, seen: set[str]
    ) -> ImportPlan:
        """Plan every record. A bad record is refused, and the others continue. `source` names the file or
        collection of the records; `seen` holds the remote ids that came from it so far."""
        plan = ImportPlan()
        for read in records:
            try:
                planned = self._plan_one(read, known, seen)
            except (Violations, Invalid, Question) as refusal:
                plan.refused.append(self._refused(read.record, source, refusal))
            else:
                known.remember(
                    planned.remote_id,
                    KnownRecord(planned.record_id, planned.fields, planned.content_hash, planned.remote_id),
                )
                seen.add(planned.remote_id)
                plan.records.append(planned)
        return plan

    def _plan_one(self, read: ReadRecord, known: KnownRecords, seen: set[str]) -> PlannedRecord:
        if read.problem is not None:
            raise read.problem
        record, mapped, remote_id, digest = read.record, read.mapped, read.remote_id, read.content_hash
        link = known.by_remote_id.get(remote_id)
        if link is not None and link.linked and link.content_hash == digest:
            return self._planned(
                "unchanged", record, remote_id, digest, link.record_id, link.fields, link_changed=False
            )
        match = self._match(link, mapped, remote_id, known, seen)
        fields, notices = checked(
            self.capability.entity, mapped, match.fields if match else None, self.checks
        )
        if match is None:
            code = self._own_code(fields["code"] or "", known)
            return self._planned(
                "create",
                record,
                remote_id,
                digest,
                self.new_id(),
                fields,
                notices=notices,
                code=code,
                shared={name: mapped.get(name) for name in self.mapping.owned_by("both")},
            )
        for name in self.mapping.owned_by("optima"):
            fields[name] = match.fields[name]
        agreed, conflicts = self._settle_shared(mapped, fields, match)
        same = link is match and match.linked and fields == match.fields
        return self._planned(
            "unchanged" if same and not notices and not agreed and not conflicts else "change",
            record,
            remote_id,
            digest,
            match.record_id,
            fields,
            notices=notices,
            shared={name: mapped.get(name) for name in self.mapping.owned_by("both")},
            agreed=agreed,
            conflicts=conflicts,
        )

    def _settle_shared(
        self, mapped: Fields, fields: Fields, known: KnownRecord
    ) -> tuple[tuple[str, ...], dict[str, str | None]]:
        """Keep our values in `fields` for shared fields that were changed here. Return the fields on which
        the ERP now agrees, and the ERP's values of those that it has changed differently."""
        agreed: list[str] = []
        conflicts: dict[str, str | None] = {}
        for name in sorted(self.mapping.owned_by("both") & known.edits.keys()):
            theirs = fields[name]
            fields[name] = known.fields[name]
            if theirs == known.fields[name]:
                agreed.append(name)
            elif name in mapped and mapped[name] != known.shared.get(name):
                conflicts[name] = theirs
        return tuple(agreed), conflicts

    def _match(
        self,
        link: KnownRecord | None,
        mapped: Fields,
        remote_id: str,
        known: KnownRecords,
        seen: set[str],
    ) -> KnownRecord | None:
        """Return our record that matches the remote one, or None if there is none. Raises Question if a
        person must decide."""
        numbers = tax_numbers(mapped)
        if link is not None:
            if self.answer is None and self._looks_like_another(link, mapped, numbers):
                problem = Invalid(
                    "code_reused", field="code", remote_code=remote_id, known_id=str(link.record_id)
                )
                raise Question(problem)
            return None if self.answer == "another" else link
        for number in sorted(numbers):
            if found := known.unlinked_by_tax_number.get(number):
                return found
        if self.capability.identity == "id":
            return None
        for number in sorted(numbers):
            found = known.linked_by_tax_number.get(number)
            # A source that contains both codes has two accounts of one company, so no code was changed.
            if found is None or found.remote_id in seen:
                continue
            if self.answer is None:
                problem = Invalid(
                    "code_changed",
                    field="code",
                    remote_code=remote_id,
                    known_code=found.remote_id or "",
                    known_id=str(found.record_id),
                )
                raise Question(problem)
            return found if self.answer == "same" else None
        return None

    def _looks_like_another(self, link: KnownRecord, mapped: Fields, numbers: frozenset[str]) -> bool:
        """Tell whether a code now belongs to another company: both tax numbers and name differ. If only one
        of the two differs, it is a correction."""
        before = tax_numbers(link.fields)
        return (
            self.capability.identity == "code"
            and bool(numbers and before)
            and numbers.isdisjoint(before)
            and (mapped.get("name") or "").casefold() != (link.fields.get("name") or "").casefold()
        )

    def _own_code(self, code: str, known: KnownRecords) -> str:
        """Return a code of ours for a new record: the ERP's code, or a variant of it if another record has
        that code, because two ERPs may use one code for two companies."""
        own, n = code, 1
        while own in known.taken_codes:
            own = f"{code}@{self.connection_key}" + (f".{n}" if n > 1 else "")
            n += 1
        known.taken_codes.add(own)
        return own

    def _planned(
        self,
        action: Literal["create", "change", "unchanged"],
        record: RemoteRecord,
        remote_id: str,
        digest: str,
        record_id: UUID,
        fields: Fields,
        *,
        link_changed: bool = True,
        shared: Fields | None = None,
        agreed: tuple[str, ...] = (),
        conflicts: Mapping[str, str | None] | None = None,
        notices: Iterable[Refusal] = (),
        code: str | None = None,
    ) -> PlannedRecord:
        notices = tuple(notices)
        return PlannedRecord(
            line=record.line,
            action=action,
            record_id=record_id,
            remote_id=remote_id,
            remote_code=fields["code"] or remote_id,
            version=record.version,
            content_hash=digest,
            fields=fields,
            link_changed=link_changed,
            shared=shared or {},
            agreed=agreed,
            conflicts=conflicts or {},
            code=code,
            notices=notices,
            values=record.values if notices else {},
        )

    def _refused(
        self, record: RemoteRecord, source: str, refusal: Violations | Invalid | Question
    ) -> RefusedRecord:
        code = str(record.values.get(self.mapping.fields["code"].remote) or "").strip()[:64]
        key = record.remote_id or code or f"{source}:{record.line}"
        match refusal:
            case Violations(refusals=problems):
                return RefusedRecord(record.line, key, record.values, tuple(problems))
            case Question(problem=problem):
                return RefusedRecord(record.line, key, record.values, (problem,), asks=True)
            case _:
                return RefusedRecord(record.line, key, record.values, (refusal,))
