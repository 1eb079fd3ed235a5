"""Two briefs on the record: the owner's own, with its price, and somebody else's; and a job's economics."""

from __future__ import annotations

from uuid import UUID, uuid4

from optima_contracts.brief import BriefDrafted
from optima_contracts.economics import BriefPriced, JobEconomicsSet
from optima_contracts.identity import PersonChanged
from optima_kit.ids import new_id
from trail.domain.webhooks import Attempt

from .table import ANYBODYS, Row, Scope, World, public

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
    public("GET /v1/event-types"),
    public("GET /v1/event-types/{event_type}/schema"),
    Row("POST /v1/people/{person_id}/erasure", "trail.erase"),
    Row("GET /v1/events", "trail.read_all", shows={"other_brief_id": WHOLE}),
    Row("POST /v1/webhooks", "webhook.write", also=READS_ALL, body={"url": "https://93.184.216.35/"}),
    Row("GET /v1/webhooks", "webhook.write", shows={"webhook_id": ANYBODYS}),
    Row("GET /v1/webhooks/{webhook_id}", "webhook.write"),
    Row(
        "PUT /v1/webhooks/{webhook_id}",
        "webhook.write",
        also=READS_ALL,
        body={"url": "https://93.184.216.35/"},
        version="webhook_version",
    ),
    Row("DELETE /v1/webhooks/{webhook_id}", "webhook.write"),
    Row("POST /v1/webhooks/{webhook_id}/pause", "webhook.write"),
    Row(
        "POST /v1/webhooks/{webhook_id}/resumption",
        "webhook.write",
        at="/v1/webhooks/{paused_webhook_id}/resumption",
    ),
    Row("POST /v1/webhooks/{webhook_id}/position", "webhook.write", body={"from_the_beginning": True}),
    Row("POST /v1/webhooks/{webhook_id}/secrets", "webhook.write"),
    Row(
        "DELETE /v1/webhooks/{webhook_id}/secrets/{secret_id}",
        "webhook.write",
        at="/v1/webhooks/{paused_webhook_id}/secrets/{secret_id}",
    ),
    Row("GET /v1/webhooks/{webhook_id}/attempts", "webhook.write", shows={"attempt_id": ANYBODYS}),
    Row("POST /v1/webhooks/{webhook_id}/attempts/{attempt_id}/replay", "webhook.write"),
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
    await build_webhooks(world)


async def build_webhooks(world: World) -> None:
    """One that tells of everything, after a failed attempt, and one that is paused and has two secrets.

    Their addresses are numbers, which need no name server, and nobody is ever told anything there.
    """
    webhook = await world.ask("POST", "/v1/webhooks", {"url": "https://93.184.216.34/all"})
    paused = await world.ask("POST", "/v1/webhooks", {"url": "https://93.184.216.34/paused"})
    path = f"/v1/webhooks/{paused['id']}"
    await world.ask("POST", f"{path}/pause")
    secret = await world.ask("POST", f"{path}/secrets")
    attempt = Attempt(
        id=new_id(),
        webhook_id=UUID(webhook["id"]),
        event_id=uuid4(),
        number=1,
        type=BriefDrafted.type,
        replay=False,
        attempted_at=world.served.app.database.clock.now(),
        outcome="refused",
        status=500,
        latency_ms=7,
        answer="",
    )
    async with world.served.app.database.transaction(world.tenant_id) as work:
        await world.served.service.ports(work).webhooks.note(attempt)
    world.names |= {
        "webhook_id": webhook["id"],
        "paused_webhook_id": paused["id"],
        "secret_id": secret["id"],
        "attempt_id": str(attempt.id),
        "webhook_version": "1",
    }
