"""Look up counts of warehouses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.lookups import Warehouse
from ..ports import CountRow, Ports
from .access import actions_on_count
from .lookups import named
from .views import CountLineView, CountView


async def read_count(ports: Ports, actor: Actor, count_id: UUID) -> CountView:
    row = await ports.counts.find_count(count_id)
    if row is None:
        raise Absent("count_absent")
    return await show_count(ports, actor, row)


async def list_counts(
    ports: Ports, actor: Actor, query: PageQuery, state: str | None, warehouse: str | None
) -> Page[CountView]:
    """List counts, newest first."""
    found = await ports.counts.list_counts(state, warehouse, before=query.after(UUID), limit=query.rows)
    names = await ports.directory.names(each for row in found for each in _people(row))
    return page_of(query, found, lambda row: _show(actor, row, names), lambda row: row.count.count_id)


async def show_count(ports: Ports, actor: Actor, row: CountRow) -> CountView:
    return _show(actor, row, await ports.directory.names(_people(row)))


def _people(row: CountRow) -> Iterable[UUID | None]:
    return (row.opened_by, row.ended_by, *(line.counted_by for line in row.count.lines))


def _show(actor: Actor, row: CountRow, names: Mapping[UUID, str]) -> CountView:
    def person(by: UUID) -> PersonView:
        return PersonView(id=by, name=names.get(by))

    count = row.count
    return CountView(
        id=count.count_id,
        warehouse=named(row.lookups, Warehouse, count.warehouse),
        state=count.state,
        lines=[
            CountLineView(
                job_id=line.job_id,
                article_code=row.goods[line.job_id].code if row.goods[line.job_id].is_article else None,
                description=row.goods[line.job_id].description,
                unit=row.goods[line.job_id].unit,
                location=line.location or None,
                lot=line.lot or None,
                expected=line.expected,
                counted=line.counted,
                difference=line.difference,
                needs_second_person=line.needs_second_person,
                counted_at=line.counted_at,
                counted_by=person(line.counted_by),
                reason=line.reason,
            )
            for line in count.lines
        ],
        opened_at=row.opened_at,
        opened_by=person(row.opened_by) if row.opened_by else None,
        ended_at=row.ended_at,
        ended_by=person(row.ended_by) if row.ended_by else None,
        version=count.version,
        actions=actions_on_count(actor, count),
    )
