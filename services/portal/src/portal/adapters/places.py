"""Warehouses, destinations and document types, by name: the services know them by their codes. And the goods
that are typed to go from one to the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from optima_kit.http.html import PageCall

from .amounts import plain_number


def places_of(found: Any) -> Mapping[str, str]:
    """Code and name with town, of a list of the logistics service; empty where there is none to be had."""
    return {
        each["code"]: f"{each['address']['name']}, {each['address']['city']}"
        for each in (found["items"] if found else [])
    }


def types_of(found: Any, fit: Callable[[Mapping[str, Any]], bool]) -> list[tuple[str, str]]:
    """Code and causale of the document types that `fit`, by causale; empty where there are none to be had."""
    fitting = [(each["code"], each["text"]) for each in (found["items"] if found else []) if fit(each)]
    return sorted(fitting, key=lambda each: each[1])


def lines_typed(call: PageCall) -> list[dict[str, str]]:
    """What a shipment is to carry: of each job, what stands in its field `quantity-<job>`, if anything."""
    return [
        {
            "job_id": name.removeprefix("quantity-"),
            "quantity": plain_number(call.text(name), call.language),
        }
        for name in call.form
        if name.startswith("quantity-") and call.text(name)
    ]
