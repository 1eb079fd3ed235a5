"""Stand-ins for ERPs that no test can start: they answer in the shapes that the makers document and that were
recorded, over HTTP, and refuse what the ERPs would.

They prove that a connector keeps its contract against such answers, and not that a live system gives them:
their connectors say `proven="recorded"`.
"""

from __future__ import annotations

import itertools
import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import orjson
from aiohttp import web

Row = dict[str, Any]


class Refused(web.HTTPException):
    """An answer that says no."""

    def __init__(self, status: int, body: Any) -> None:
        self.status_code = status
        super().__init__(text=orjson.dumps(body).decode(), content_type="application/json")


class Double:
    """An ERP with a clock that stands still, unless somebody changes something."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
        self.ids = itertools.count(1)
        self.missing: set[str] = set()
        """Fields that went with an upgrade."""

    def tick(self) -> None:
        self.now += timedelta(seconds=1)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()
        answer = self.answer(request, content)
        if not isinstance(answer, web.Response):
            answer = web.json_response(answer, dumps=lambda each: orjson.dumps(each).decode())
        answer.headers["Date"] = format_datetime(self.now, usegmt=True)
        return answer

    @abstractmethod
    def answer(self, request: web.Request, content: bytes) -> Any: ...


class OdooDouble(Double):
    KEY = "an-api-key"

    def __init__(self) -> None:
        super().__init__()
        italy = {"id": 109, "code": "IT"}
        milano = {"id": 1219, "code": "MI"}
        self.tables: dict[str, dict[int, Row]] = {
            "res.company": {1: {"name": "Grafica Aurora S.r.l."}},
            "res.partner": {},
            "res.country": {109: italy},
            "res.country.state": {1219: milano},
            "product.product": {},
            "account.payment.term": {},
            "account.tax": {},
            "uom.uom": {1: {"name": "Units"}},
            "sale.order": {},
            "sale.order.line": {},
        }
        self.links = {
            "state_id": "res.country.state",
            "country_id": "res.country",
            "uom_id": "uom.uom",
            "property_payment_term_id": "account.payment.term",
            "property_supplier_payment_term_id": "account.payment.term",
        }
        self.add(
            "product.product", default_code="LAV", name="Lavorazione", sale_ok=True, active=True, uom_id=1
        )

    def add(self, model: str, **values: Any) -> int:
        number = next(self.ids)
        self.tables[model][number] = {**values, "create_date": self._time, "write_date": self._time}
        return number

    @property
    def _time(self) -> str:
        return f"{self.now:%Y-%m-%d %H:%M:%S}"

    def answer(self, request: web.Request, content: bytes) -> Any:
        if request.headers.get("Authorization") != f"bearer {self.KEY}":
            raise Refused(401, {"name": "werkzeug.exceptions.Unauthorized", "message": "Invalid apikey"})
        assert request.headers["X-Odoo-Database"] == "aurora"
        _, json_, two, model, method = request.path.split("/")
        assert (request.method, json_, two) == ("POST", "json", "2")
        if model not in self.tables:
            raise Refused(404, {"name": "werkzeug.exceptions.NotFound", "message": f"no model {model}"})
        arguments = orjson.loads(content)
        return getattr(self, f"_{method}")(model, **arguments)

    FIELDS: Mapping[str, tuple[str, ...]] = {
        "res.partner": (
            *("ref", "name", "vat", "l10n_it_codice_fiscale", "street", "zip", "city", "active", "state_id"),
            *("country_id", "property_payment_term_id", "property_supplier_payment_term_id", "parent_id"),
        ),
        "product.product": ("default_code", "name", "active", "uom_id", "sale_ok"),
        "account.payment.term": ("name", "active"),
        "account.tax": ("name", "active", "amount", "type_tax_use"),
        "sale.order": (
            *("name", "state", "locked", "partner_id", "client_order_ref", "origin", "commitment_date"),
            "order_line",
        ),
    }

    def _fields_get(self, model: str, attributes: list[str]) -> Any:
        return {
            name: dict.fromkeys(attributes, False) for name in self.FIELDS[model] if name not in self.missing
        }

    def _web_search_read(
        self,
        model: str,
        domain: list[Any],
        specification: Mapping[str, Any],
        limit: int,
        order: str,
        context: Mapping[str, Any],
    ) -> Any:
        assert order == "id"
        rows = [
            (number, row)
            for number, row in sorted(self.tables[model].items())
            if all(_holds({**row, "id": number}, each) for each in domain)
            and (row.get("active", True) or context["active_test"] is False)
        ]
        records = [self._shown(number, row, specification) for number, row in rows[:limit]]
        return {"length": len(rows), "records": records}

    def _shown(self, number: int, row: Row, specification: Mapping[str, Any]) -> Row:
        shown: Row = {"id": number}
        for name, asked in specification.items():
            value = row.get(name, False)
            lines = self.tables["sale.order.line"]
            if name == "amount_untaxed":
                each_line = (lines[each] for each in row["order_line"])
                value = sum(each["product_uom_qty"] * each["price_unit"] for each in each_line)
            elif name == "order_line":
                value = [self._shown(each, lines[each], asked["fields"]) for each in value]
            elif name in self.links and value:
                value = {
                    "id": value,
                    **self._shown(value, self.tables[self.links[name]][value], asked["fields"]),
                }
            shown[name] = value
        return shown

    def _create(self, model: str, vals_list: list[Row]) -> list[int]:
        made = []
        for values in vals_list:
            assert values["partner_id"] in self.tables["res.partner"]
            number = self.add(model, **{**values, "order_line": []}, name="", state="draft", locked=False)
            self.tables[model][number]["name"] = f"S{number:05d}"
            self._change(number, values["order_line"])
            made.append(number)
        return made

    def _write(self, model: str, ids: list[int], vals: Row) -> bool:
        for number in ids:
            order = self.tables[model][number]
            if order["locked"]:
                raise _user_error("It is not allowed to modify a locked order.")
            order |= {name: value for name, value in vals.items() if name != "order_line"}
            self._touch(number)
            self._change(number, vals.get("order_line", []))
        return True

    def _change(self, order_id: int, commands: list[list[Any]]) -> None:
        order = self.tables["sale.order"][order_id]
        for kind, number, values in commands:
            if kind == 0:
                made = self.add("sale.order.line", **values)
                order["order_line"] = [*order["order_line"], made]
            elif kind == 1:
                self.tables["sale.order.line"][number] |= {**values, "write_date": self._time}
            else:
                if order["state"] != "draft":
                    raise _user_error("Once a sales order is confirmed, you can't remove one of its lines.")
                order["order_line"] = [each for each in order["order_line"] if each != number]

    def _step(self, ids: list[int], before: tuple[str, ...], after: str) -> bool:
        for number in ids:
            order = self.tables["sale.order"][number]
            if order["state"] not in before:
                raise _user_error("Some orders are not in a state requiring confirmation.")
            order["state"] = after
            self._touch(number)
        return True

    def _action_confirm(self, model: str, ids: list[int]) -> bool:
        return self._step(ids, ("draft", "sent"), "sale")

    def _action_cancel(self, model: str, ids: list[int]) -> bool:
        return self._step(ids, ("draft", "sent", "sale"), "cancel")

    def _action_draft(self, model: str, ids: list[int]) -> bool:
        return self._step(ids, ("cancel",), "draft")

    def _touch(self, order_id: int) -> None:
        self.tick()
        self.tables["sale.order"][order_id]["write_date"] = self._time


def _user_error(text: str) -> Refused:
    return Refused(422, {"name": "odoo.exceptions.UserError", "message": text, "arguments": [text]})


def _holds(row: Row, condition: list[Any]) -> bool:
    name, operator, value = condition
    return {
        "=": lambda a: a == value,
        ">": lambda a: a > value,
        ">=": lambda a: a >= value,
        "=like": lambda a: bool(a) and re.fullmatch(value.replace("_", "."), a) is not None,
    }[operator](row.get(name, False))


class ODataDouble(Double):
    """What interfaces that speak OData have alike."""

    def matching(self, rows: list[Row], query: Mapping[str, str]) -> list[Row]:
        found = [row for row in rows if _fits(row, query.get("$filter", ""))]
        if order := query.get("$orderby"):
            found.sort(key=lambda row: row[order])
        return found[: int(query.get("$top", "20"))]

    def metadata(self, types: Mapping[str, tuple[str, ...]]) -> web.Response:
        kinds = "".join(
            f'<EntityType Name="{name}">'
            + "".join(f'<Property Name="{each}"/>' for each in fields if each not in self.missing)
            + "</EntityType>"
            for name, fields in types.items()
        )
        text = (
            '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">'
            "<edmx:DataServices>"
            f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm">{kinds}</Schema>'
            "</edmx:DataServices></edmx:Edmx>"
        )
        return web.Response(text=text, content_type="application/xml")


_TERM = re.compile(
    r"(\w+) (eq|gt|ge) ('(?:[^']|'')*'|[\w:.-]+)|(contains|endswith)\((\w+),('(?:[^']|'')*')\)"
)


def _fits(row: Row, condition: str) -> bool:
    for name, operator, value, function, of, part in _TERM.findall(condition):
        wanted, has = _text(value or part), row[name or of]
        compared: dict[str, Callable[[], bool]] = {
            "eq": lambda has=has, wanted=wanted: str(has) == wanted,  # type: ignore[misc]
            "gt": lambda has=has, wanted=wanted: has > type(has)(wanted),  # type: ignore[misc]
            "ge": lambda has=has, wanted=wanted: has >= type(has)(wanted),  # type: ignore[misc]
            "contains": lambda has=has, wanted=wanted: wanted in has,  # type: ignore[misc]
            "endswith": lambda has=has, wanted=wanted: has.endswith(wanted),  # type: ignore[misc]
        }
        if not compared[operator or function]():
            return False
    return True


def _text(literal: str) -> str:
    return literal[1:-1].replace("''", "'") if literal.startswith("'") else literal


class BusinessCentralDouble(ODataDouble):
    SECRET = "a-client-secret"
    TYPES: Mapping[str, tuple[str, ...]] = {
        "customer": (
            *("id", "number", "displayName", "taxRegistrationNumber", "addressLine1", "postalCode", "city"),
            *("state", "country", "paymentTermsId", "blocked", "lastModifiedDateTime"),
        ),
        "item": ("id", "number", "displayName", "baseUnitOfMeasureCode", "blocked"),
        "paymentTerm": ("id", "code", "displayName"),
        "salesOrder": (
            *("id", "number", "externalDocumentNumber", "customerId", "requestedDeliveryDate", "status"),
            *("orderDate", "totalAmountExcludingTax", "salesOrderLines"),
        ),
    }

    def __init__(self) -> None:
        super().__init__()
        self.tokens: set[str] = set()
        self.rows: dict[str, list[Row]] = {
            "companies": [{"id": str(UUID(int=0xC0)), "name": "Grafica Aurora", "displayName": ""}],
            **{each: [] for each in ("customers", "vendors", "items", "paymentTerms", "salesOrders")},
        }
        self.deleted: list[Row] = []
        self.add("items", number="LAV", displayName="Lavorazione", baseUnitOfMeasureCode="PCS", blocked=False)

    def add(self, kind: str, **values: Any) -> Row:
        row = {"id": str(UUID(int=0xB000 + next(self.ids))), **values}
        self.rows[kind].append(row)
        self.touch(row)
        return row

    def touch(self, row: Row) -> None:
        row["lastModifiedDateTime"] = f"{self.now:%Y-%m-%dT%H:%M:%SZ}"
        row["@odata.etag"] = f'W/"{next(self.ids)}"'

    def end_sessions(self) -> None:
        self.tokens.clear()

    def answer(self, request: web.Request, content: bytes) -> Any:
        if request.path == "/a-directory/oauth2/v2.0/token":
            return self._token(dict(each.split("=") for each in content.decode().split("&")))
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            raise Refused(401, {"error": {"code": "Authentication_InvalidCredentials", "message": "no"}})
        base = "/v2.0/a-directory/production/api/v2.0/"
        assert request.path.startswith(base), request.path
        path, query = request.path.removeprefix(base), dict(request.query)
        if path == "$metadata":
            types = {**self.TYPES, "vendor": self.TYPES["customer"]}
            return self.metadata(types)
        if path == "companies":
            return {"value": self.matching(self.rows["companies"], query)}
        path = path.removeprefix(f"companies({self.rows['companies'][0]['id']})/")
        body = orjson.loads(content) if content else None
        if "(" not in path:
            return self._collection(request.method, path, query, body)
        kind, row_id, part = re.fullmatch(r"(\w+)\(([^)]+)\)/?(\w*)", path).groups()  # type: ignore[union-attr]
        return self._row(request, kind, row_id, part, body)

    def _token(self, told: Mapping[str, str]) -> Any:
        if told["client_secret"] != self.SECRET:
            raise Refused(400, {"error": "invalid_client", "error_description": "AADSTS7000215"})
        assert told["grant_type"] == "client_credentials"
        token = f"token-{next(self.ids)}"
        self.tokens.add(token)
        return {"token_type": "Bearer", "expires_in": 3599, "access_token": token}

    def _collection(self, method: str, kind: str, query: Mapping[str, str], body: Any) -> Any:
        if method == "POST":
            lines = body.pop("salesOrderLines")
            numbered = {"number": f"SO{next(self.ids)}", "orderDate": f"{self.now:%Y-%m-%d}"}
            order = self.add(kind, **body, **numbered, status="Draft", salesOrderLines=[])
            for line in lines:
                self._add_line(order, line)
            return web.json_response(order, status=201)
        rows = self.matching(self.rows[kind], query)
        if query.get("$expand") == "paymentTerm":
            terms = {each["id"]: each for each in self.rows["paymentTerms"]}
            rows = [{**each, "paymentTerm": terms.get(each["paymentTermsId"])} for each in rows]
        if kind == "salesOrders":
            rows = [self._order(each, expanded="$expand" in query) for each in rows]
        return {"@odata.context": "…", "value": rows}

    @staticmethod
    def _order(row: Row, *, expanded: bool) -> Row:
        lines = row["salesOrderLines"]
        shown = {name: value for name, value in row.items() if expanded or name != "salesOrderLines"}
        return {
            **shown,
            "totalAmountExcludingTax": sum(each["quantity"] * each["unitPrice"] for each in lines),
        }

    def _row(self, request: web.Request, kind: str, row_id: str, part: str, body: Any) -> Any:
        orders = self.rows["salesOrders"]
        lines = [line for order in orders for line in order["salesOrderLines"]]
        row = next((each for each in (*orders, *lines) if each["id"] == row_id), None)
        if row is None:
            raise Refused(404, {"error": {"code": "Internal_EntityWithIdNotFound", "message": "not found"}})
        if part == "salesOrderLines":
            return web.json_response(self._add_line(row, body), status=201)
        if request.headers.get("If-Match", row["@odata.etag"]) != row["@odata.etag"]:
            raise Refused(412, {"error": {"code": "Request_EntityChanged", "message": "changed"}})
        match request.method:
            case "PATCH":
                row |= body
                self.tick()
                self.touch(row)
            case "DELETE" if kind == "salesOrders":
                orders.remove(row)
                self.deleted.append(row)
            case "DELETE":
                for order in orders:
                    order["salesOrderLines"] = [each for each in order["salesOrderLines"] if each is not row]
        return row if request.method != "DELETE" else web.Response(status=204)

    def _add_line(self, order: Row, values: Row) -> Row:
        if values["lineObjectNumber"] not in {each["number"] for each in self.rows["items"]}:
            raise Refused(400, {"error": {"code": "BadRequest", "message": "The item does not exist."}})
        line = {"id": str(UUID(int=0xB000 + next(self.ids))), **values}
        self.touch(line)
        order["salesOrderLines"] = [*order["salesOrderLines"], line]
        return line


class SapDouble(ODataDouble):
    PASSWORD = "a-password"
    TYPES: Mapping[str, tuple[str, ...]] = {
        "BusinessPartner": (
            *("CardCode", "CardName", "CardType", "FederalTaxID", "AdditionalID", "PayTermsGrpCode"),
            *("BPAddresses", "Frozen", "UpdateDate"),
        ),
        "SalesPerson": ("SalesEmployeeCode", "SalesEmployeeName", "Active"),
        "Item": ("ItemCode", "ItemName", "SalesUnit", "Frozen"),
        "PaymentTermsType": ("GroupNumber", "PaymentTermsGroupName"),
        "Document": ("DocEntry", "DocNum", "CardCode", "NumAtCard", "DocDueDate", "DocumentLines"),
    }

    def __init__(self) -> None:
        super().__init__()
        self.sessions: set[str] = set()
        self.rows: dict[str, list[Row]] = {
            each: [] for each in ("BusinessPartners", "SalesPersons", "Items", "PaymentTermsTypes", "Orders")
        }
        self.add("Items", ItemCode="LAV", ItemName="Lavorazione", SalesUnit="pz", Frozen="tNO")

    def add(self, kind: str, **values: Any) -> Row:
        row = dict(values)
        self.rows[kind].append(row)
        self.touch(row)
        return row

    def touch(self, row: Row) -> None:
        row |= {"UpdateDate": f"{self.now:%Y-%m-%d}", "UpdateTime": f"{self.now:%H:%M:%S}"}

    def end_sessions(self) -> None:
        self.sessions.clear()

    def answer(self, request: web.Request, content: bytes) -> Any:
        path = request.path.removeprefix("/b1s/v2/")
        body = orjson.loads(content) if content else None
        if path == "Login":
            return self._login(body)
        if request.cookies.get("B1SESSION") not in self.sessions or "ROUTEID" not in request.cookies:
            raise Refused(401, {"error": {"code": "301", "message": "Invalid session or session timeout."}})
        if path == "$metadata":
            return self.metadata(self.TYPES)
        if path == "CompanyService_GetCompanyInfo":
            return {"Version": "1000290", "CompanyName": "Grafica Aurora S.r.l."}
        if request.method == "GET" and "(" not in path:
            query = dict(request.query)
            if request.headers.get("Prefer") == "odata.maxpagesize=0":
                query["$top"] = "1000"
            rows = self.matching(self.rows[path], query)
            wanted = query.get("$select", "").split(",")
            return {"value": [{name: row[name] for name in wanted if name in row} for row in rows]}
        if path == "Orders":
            return web.json_response(self._create(body), status=201)
        entry, action = re.fullmatch(r"Orders\((\d+)\)/?(\w*)", path).groups()  # type: ignore[union-attr]
        return self._order(request, int(entry), action, body)

    def _login(self, told: Mapping[str, str]) -> web.Response:
        if told["Password"] != self.PASSWORD:
            raise Refused(401, {"error": {"code": "100000027", "message": "Login failed"}})
        session = f"session-{next(self.ids)}"
        self.sessions.add(session)
        answer = web.json_response({"SessionId": session, "Version": "1000290", "SessionTimeout": 30})
        answer.set_cookie("B1SESSION", session, httponly=True)
        answer.set_cookie("ROUTEID", ".node1", path="/b1s")
        return answer

    def _create(self, values: Row) -> Row:
        entry = next(self.ids)
        order = self.add("Orders", **values, DocEntry=entry, DocNum=1000 + entry)
        order |= {"DocumentStatus": "bost_Open", "Cancelled": "tNO"}
        self._number(order)
        return order

    def _order(self, request: web.Request, entry: int, action: str, body: Any) -> Any:
        order = next((each for each in self.rows["Orders"] if each["DocEntry"] == entry), None)
        if order is None:
            raise Refused(404, {"error": {"code": "-2028", "message": "No matching records found"}})
        if request.method == "GET":
            return order
        if order["DocumentStatus"] != "bost_Open":
            raise Refused(400, {"error": {"code": "-5006", "message": "Document is already closed"}})
        self.tick()
        self.touch(order)
        if action == "Cancel":
            order |= {"DocumentStatus": "bost_Close", "Cancelled": "tYES"}
        else:
            if request.headers.get("B1S-ReplaceCollectionsOnPatch") != "true":
                kept = [each["LineNum"] for each in body["DocumentLines"] if "LineNum" in each]
                body["DocumentLines"] += [
                    each for each in order["DocumentLines"] if each["LineNum"] not in kept
                ]
            order |= body
            self._number(order)
        return web.Response(status=204)

    @staticmethod
    def _number(order: Row) -> None:
        known = [each["LineNum"] for each in order["DocumentLines"] if "LineNum" in each]
        free = itertools.count(max(known, default=-1) + 1)
        for line in order["DocumentLines"]:
            line.setdefault("LineNum", next(free))
            line["LineTotal"] = line["Quantity"] * line["UnitPrice"]
