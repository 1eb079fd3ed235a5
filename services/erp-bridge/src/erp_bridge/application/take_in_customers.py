"""What one batch of customer rows from the ERP changes."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from optima_contracts.erp import CustomerChanged, PaymentTerms, RecordRefused
from optima_contracts.identity import LegalIdentity
from optima_kit.ids import new_id
from optima_kit.refusals import Refusal

from ..domain.connection import Connection
from ..domain.customer import CustomerFields, normal_tax_number
from ..domain.failure import Failure, Problem
from ..domain.import_plan import ImportPlan, RefusedRow, plan_import
from .ports import Ports, RemoteRows


async def plan_customers(
    ports: Ports, connection: Connection, content: RemoteRows, source: str
) -> ImportPlan:
    """What the rows would change. Reads, and writes nothing."""
    mapping = connection.mapping.of("customer")
    columns = {name: mapping.fields[name].remote for name in ("code", "vat_number", "fiscal_code")}
    values = {
        name: {row.cells[column].strip() for row in content.rows if row.cells.get(column)}
        for name, column in columns.items()
    }
    numbers = {normal_tax_number(each) for each in values["vat_number"] | values["fiscal_code"]}
    known = await ports.customers.find_known_customers(connection.connection_id, values["code"], numbers)
    return plan_import(content.rows, known, mapping, ports.checks, source=source, new_id=new_id)


async def apply_plan(ports: Ports, connection: Connection, plan: ImportPlan) -> None:
    """Stores what is new or changed and tells of it; keeps what was refused for a person."""
    changed = [each for each in plan.customers if each.action != "unchanged"]
    if changed:
        await ports.customers.upsert_customers(connection.connection_id, changed)
    # Of a customer that stands twice in the rows, the last word is the one to tell.
    for customer_id, fields in {each.customer_id: each.fields for each in changed}.items():
        tell_customer(ports, connection, customer_id, fields)
    if plan.customers:
        codes = [each.fields.code for each in plan.customers]
        await ports.failures.delete_failures(connection.connection_id, "customer", "in", codes)
    for row in plan.refused:
        await refuse_row(ports, connection, row)


def tell_customer(ports: Ports, connection: Connection, customer_id: UUID, fields: CustomerFields) -> None:
    payment = None
    if fields.payment_method is not None:
        payment = PaymentTerms(method=fields.payment_method, terms=fields.payment_terms or "")
    ports.outbox.add(
        CustomerChanged(
            customer_id=customer_id,
            code=fields.code,
            legal=LegalIdentity(
                name=fields.name,
                vat_number=fields.vat_number,
                fiscal_code=fields.fiscal_code,
                street=fields.street,
                postal_code=fields.postal_code,
                city=fields.city,
                province=fields.province,
            ),
            payment=payment,
            connection=connection.key,
        ),
        subject=customer_id,
        correlation=customer_id,
    )


async def refuse_row(ports: Ports, connection: Connection, row: RefusedRow) -> None:
    """Keeps the row for a person; the same row again is another attempt, not another failure."""
    attempts = 1 + await ports.failures.count_attempts(connection.connection_id, "customer", "in", row.key)
    failure = await ports.failures.upsert_failure(
        Failure(
            failure_id=new_id(),
            connection_id=connection.connection_id,
            connection_key=connection.key,
            entity="customer",
            direction="in",
            record_key=row.key,
            payload=row.cells,
            problems=problems_of(row.problems),
            error_class="refused",
            attempts=attempts,
            first_failed_at=ports.now,
            last_failed_at=ports.now,
            retry_at=None,
        )
    )
    ports.exchanged.refused(connection.connector, "customer")
    ports.outbox.add(
        RecordRefused(
            connection=connection.key,
            entity="customer",
            failure_id=failure.failure_id,
            reason=", ".join(f"{each.field}: {each.code}" for each in failure.problems),
        ),
        subject=failure.failure_id,
        correlation=failure.failure_id,
    )


def problems_of(refusals: Sequence[Refusal]) -> tuple[Problem, ...]:
    return tuple(
        Problem(each.code, each.field, {name: str(fact) for name, fact in each.facts.items()})
        for each in refusals
    )
