"""Builds the content of a printout of the trail, with every text as it is printed, in Italian or English."""

from __future__ import annotations

import json
import unicodedata
from datetime import datetime
from importlib.resources import files
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from optima_kit.typesetting import Template

from ..application.print_entries import Printout
from ..domain.chain import SealedEntry

TEMPLATE: Final = Template(file=str(files(__package__).joinpath("printout.typ")), seconds=60.0)

_LONGEST_DETAIL = 600

_WORDS = {
    "it": {
        "title": "Tracciato",
        "period": "Periodo",
        "story": "Brief",
        "person": "Persona",
        "types": "Tipi",
        "entries": "Registrazioni",
        "printed_by": "Stampato da",
        "printed_at": "Stampato il",
        "head": "Ultima registrazione del tracciato",
        "anchor": "Ultima firma giornaliera",
        "no_anchor": "nessuna ancora",
        "number": "N.",
        "when": "Data e ora",
        "who": "Chi",
        "what": "Che cosa",
        "details": "Dettagli",
        "hash": "Impronta",
        "behalf": "per conto di",
        "system": "sistema",
        "everything": "tutto il tracciato",
        "from": "dal",
        "before": "fino al",
        "page": "Pagina",
        "of": "di",
        "zone": "Ora",
        "note": "La stampa serve alla lettura; la verifica si fa sull'esportazione in righe JSON.",
        "nothing": "Nessuna registrazione corrisponde.",
    },
    "en": {
        "title": "Trail",
        "period": "Period",
        "story": "Brief",
        "person": "Person",
        "types": "Types",
        "entries": "Entries",
        "printed_by": "Printed by",
        "printed_at": "Printed on",
        "head": "Newest entry of the trail",
        "anchor": "Newest daily signature",
        "no_anchor": "none yet",
        "number": "No.",
        "when": "Date and time",
        "who": "Who",
        "what": "What",
        "details": "Details",
        "hash": "Hash",
        "behalf": "on behalf of",
        "system": "system",
        "everything": "the whole trail",
        "from": "from",
        "before": "until",
        "page": "Page",
        "of": "of",
        "zone": "Time",
        "note": "A printout is for reading; verification needs the export as JSON lines.",
        "nothing": "No entry matches.",
    },
}


def sheet_of(printout: Printout, language: str) -> dict[str, Any]:
    """Build the data for the template. It contains only plain texts, which the template never reads as
    markup."""
    words = _WORDS[language]
    zone = ZoneInfo(printout.tenant.time_zone)
    head, anchor = printout.head, printout.anchor
    chosen = [
        (words["period"], _period(printout, words, zone)),
        *((words["story"], str(id_)) for id_ in [printout.selection.brief_id] if id_),
        *((words["person"], str(id_)) for id_ in [printout.selection.person_id] if id_),
        *((words["types"], ", ".join(types)) for types in [printout.selection.types] if types),
        (words["entries"], str(len(printout.entries))),
        (words["printed_by"], printout.printed_by),
        (words["printed_at"], _moment(printout.printed_at, zone)),
        (words["head"], f"{head.number} · {head.hash}"),
        (
            words["anchor"],
            f"{anchor.number} · {anchor.hash} · {anchor.day.isoformat()}" if anchor else words["no_anchor"],
        ),
    ]
    return {
        "language": language,
        "words": words,
        "tenant": _line(printout.tenant.name),
        "zone": printout.tenant.time_zone,
        "facts": [{"name": name, "value": _line(value)} for name, value in chosen],
        "rows": [_row(each, printout, words, zone) for each in printout.entries],
    }


def _row(sealed: SealedEntry, printout: Printout, words: dict[str, str], zone: ZoneInfo) -> dict[str, Any]:
    o = sealed.entry.occurrence
    who = [{"name": words["system"], "id": ""}] if o.actor_id is None else [_person(o.actor_id, printout)]
    if o.on_behalf_of is not None:
        principal = _person(o.on_behalf_of, printout)
        who.append(principal | {"name": f"{words['behalf']} {principal['name']}"})
    return {
        "number": str(sealed.entry.number),
        "when": _moment(o.occurred_at, zone),
        "who": who,
        "what": o.type.removeprefix("optima."),
        "details": _details(json.loads(o.data)),
        "hash": sealed.hash[:12],
    }


def _person(person_id: UUID, printout: Printout) -> dict[str, str]:
    return {"name": _line(printout.names.get(person_id, "")), "id": str(person_id)}


def _details(data: dict[str, Any]) -> str:
    said = []
    for name, value in data.items():
        if value is None or value == []:
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        said.append(f"{name}: {text}")
    text = _line(" · ".join(said))
    return text if len(text) <= _LONGEST_DETAIL else f"{text[:_LONGEST_DETAIL]} …"


def _period(printout: Printout, words: dict[str, str], zone: ZoneInfo) -> str:
    chosen = printout.selection
    said = []
    if chosen.occurred_from is not None:
        said.append(f"{words['from']} {_moment(chosen.occurred_from, zone)}")
    if chosen.occurred_before is not None:
        said.append(f"{words['before']} {_moment(chosen.occurred_before, zone)}")
    return " ".join(said) or words["everything"]


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%d/%m/%Y %H:%M:%S")


def _line(text: str) -> str:
    """Put a text on one line, with composed accents."""
    return " ".join(unicodedata.normalize("NFC", text).split())
