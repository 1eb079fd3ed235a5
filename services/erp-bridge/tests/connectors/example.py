"""The example of docs/guides/writing-a-connector.md, read from the page itself, and its ERP."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from uuid import UUID

import yaml

from erp_bridge.application.ports import Endpoint
from erp_bridge.domain.documents import RemoteCustomer
from erp_bridge.domain.mapping import FieldMapping, entity_mapping
from erp_bridge.domain.mapping import Mapping as FieldMap
from optima_local.layout import ROOT

from .proxy import Moment
from .systems import breaking

PAGE: Final = ROOT / "docs" / "guides" / "writing-a-connector.md"
_IMPORTS: Final = """
from __future__ import annotations
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from erp_bridge.application.ports import Checkpoint, Conflict, Endpoint, Gone, Page, RemoteLink
from erp_bridge.application.ports import Session, Unreachable, WriteResult
from erp_bridge.domain.connection import Capability, Description, Setting
from erp_bridge.domain.documents import OutgoingDocument
from erp_bridge.domain.entities import Entity
from erp_bridge.domain.import_plan import RemoteRecord
from erp_bridge.domain.mapping import Mapping as FieldMap
from erp_bridge.domain.schema import RemoteSchema
from optima_kit.refusals import Invalid
"""


def _block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    return str(found)


def _mapping() -> FieldMap:
    return FieldMap(
        {
            entity: entity_mapping(
                entity,
                {
                    name: FieldMapping(each) if isinstance(each, str) else FieldMapping(**each)
                    for name, each in fields.items()
                },
            )
            for entity, fields in yaml.safe_load(_block("yaml")).items()
        }
    )


def _example() -> ModuleType:
    module = ModuleType("example_connector")
    exec(compile(_IMPORTS + _block("python"), str(PAGE), "exec"), module.__dict__)  # noqa: S102
    return module


class ExampleRemote:
    proxy = None

    def __init__(self, file: Path) -> None:
        self._file = file
        file.write_text(json.dumps({"customers": [], "orders": {}}), "utf-8")
        self.connector = _example().JsonErp(_mapping())
        self.endpoint = Endpoint(UUID(int=1), {"file": str(file)})
        self.broken = (self.connector, Endpoint(UUID(int=1), {"file": str(file.with_name("none.json"))}))

    async def add_customer(self, code: str, name: str, vat_number: str) -> RemoteCustomer:
        erp = json.loads(self._file.read_text("utf-8"))
        key = str(len(erp["customers"]))
        erp["customers"].append(
            {"id": key, "code": code, "name": name, "tax": {"vat": vat_number}, "change": self._next(erp)}
        )
        self._file.write_text(json.dumps(erp), "utf-8")
        return RemoteCustomer(key, code)

    def interrupted(self, step: int, moment: Moment) -> AbstractContextManager[None]:
        """The file is written at once."""
        return breaking(Path, "write_text", moment) if step == 1 else nullcontext()

    async def retire_customer(self, customer: RemoteCustomer) -> None:
        raise NotImplementedError

    async def change_order(self, remote_id: str) -> None:
        erp = json.loads(self._file.read_text("utf-8"))
        order = erp["orders"][remote_id]
        order["version"] = str(int(order["version"]) + 1)
        self._file.write_text(json.dumps(erp), "utf-8")

    async def rename_customer(self, customer: RemoteCustomer, name: str) -> None:
        erp = json.loads(self._file.read_text("utf-8"))
        erp["customers"][int(customer.remote_id)] |= {"name": name, "change": self._next(erp)}
        self._file.write_text(json.dumps(erp), "utf-8")

    async def orders(self) -> list[Mapping[str, Any]]:
        found = json.loads(self._file.read_text("utf-8"))["orders"].values()
        return [
            {
                "number": each["number"],
                "state": "cancelled" if each["state"] == "cancelled" else "open",
                "quantity": float(each["lines"][0]["quantity"]),
            }
            for each in found
        ]

    @staticmethod
    def _next(erp: Any) -> int:
        return max((each["change"] for each in erp["customers"]), default=0) + 1
