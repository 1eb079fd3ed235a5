"""Two briefs on the record: the owner's own, with its price, and somebody else's; and a job's economics."""

from __future__ import annotations

from uuid import uuid4

from optima_contracts.brief import BriefDrafted
from optima_contracts.economics import BriefPriced, JobEconomicsSet
from optima_contracts.identity import PersonChanged

from .table import Row, Scope, World, public

OWN_STORY = Scope(all="trail.read_all")
WHOLE = Scope(own="trail.read_all", all="trail.read_all")
READS_ALL = frozenset({"trail.read_all"})

ROWS = (
    Row("GET /v1/entries", "trail.read", shows={"brief_id": OWN_STORY, "other_brief_id": WHOLE}),
    Row(
        "GET /v1/entries",
        "trail.read",
        at="/v1/entries?brief={brief_id}",
        shows={"brief_id": OWN_STORY},
        empty_elsewhere=True,
    ),
    Row("GET /v1/verification", "trail.read_all"),
    Row("GET /v1/exports", "trail.export", also=READS_ALL, shows={"brief_id": WHOLE}),
    Row("GET /v1/exports", "trail.export", at="/v1/exports?format=csv", also=READS_ALL),
    Row("GET /v1/exports/pdf", "trail.export", also=READS_ALL),
    Row("GET /v1/anchors", "trail.read_all"),
    public("GET /.well-known/trail-anchor-keys.json"),
    Row("POST /v1/people/{person_id}/erasure", "trail.erase"),
    Row("GET /v1/events", "trail.read_all", shows={"other_brief_id": WHOLE}),
)


async def build(world: World) -> None:
    names = {name: uuid4() for name in ("brief_id", "other_brief_id", "job_id", "person_id")}
    world.names |= {name: str(value) for name, value in names.items()}
    own, others, job_id, person_id = names.values()
    person = PersonChanged(
        person_id=person_id, name="Dina", email="d@example.it", kind="internal", roles=[], active=True
    )
    await world.hear(person, person_id, actor=uuid4())
    drafted = BriefDrafted(brief_id=own, number="B-1", title="Espositori", requester_id=world.owner)
    await world.hear(drafted, own, actor=uuid4())
    drafted = BriefDrafted(brief_id=others, number="B-2", title="Altri", requester_id=uuid4())
    await world.hear(drafted, others, actor=uuid4())
    priced = BriefPriced(brief_id=own, revision=1, content_hash="h", lines=[], total="38713.59")
    await world.hear(priced, own, actor=uuid4())
    economics = JobEconomicsSet(
        job_id=job_id, order_id=uuid4(), cost="38712.40", price="48713.59", margin="10001.19"
    )
    await world.hear(economics, job_id, correlation=own, actor=uuid4())
    # Whoever reads economics reads the briefs' prices too.
    world.secrets["job.economics.read"] = ["38712.40", "48713.59", "10001.19"]
    world.secrets["brief.price.read"] = ["38713.59"]
