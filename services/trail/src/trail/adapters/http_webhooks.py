"""Endpoints of webhooks, which deliver events by POST. The delivery itself is in `jobs.py`."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.egress import LONGEST_ADDRESS
from optima_kit.http import (
    Call,
    Command,
    Flag,
    Page,
    PageQuery,
    Reply,
    Routes,
    Text,
)

from ..application.ports import Ports
from ..application.read import webhooks as read
from ..application.read.webhooks import (
    AttemptView,
    NewWebhookView,
    ShownSecretView,
    WebhookView,
    WholeWebhookView,
    find_webhook,
    show_new_webhook,
    show_webhook,
)
from ..application.replay_attempt import replay_attempt
from ..application.revise_webhook import revise_webhook
from ..application.set_up_webhook import set_up_webhook
from ..application.steer_webhook import delete_webhook, move_webhook, pause_webhook, resume_webhook
from ..application.webhook_secrets import add_secret, remove_secret
from ..domain.webhooks import Webhook
from .http import EventTypes

webhook_routes = Routes()


class WebhookContent(Command):
    url: Annotated[str, Text(LONGEST_ADDRESS)]
    """The https address, on the public internet, to which events are posted."""
    types: EventTypes = ()
    """Prefixes of the event types that it delivers, such as `optima.logistics.`. An empty list means all
    types."""
    description: Annotated[str, Text(200, least=0)] = ""


class SetUpWebhook(WebhookContent):
    after: UUID | None = None
    """The event after which it begins. By default, it begins with the next event."""
    from_the_beginning: Flag = False
    """Whether the whole history is delivered first."""


class MoveWebhook(Command):
    after: UUID | None = None
    """The event after which it goes on. By default, it goes on with the next event."""
    from_the_beginning: Flag = False


class AttemptQuery(PageQuery):
    delivered: bool | None = None
    """Only attempts that succeeded (true), or only those that failed (false)."""


@webhook_routes.post("/v1/webhooks", privilege="webhook.write", status=201, transaction=False)
async def set_up(call: Call[Ports], body: SetUpWebhook) -> Reply[NewWebhookView]:
    """Create a webhook

    The webhook sees what its owner may see, now and later. Its secret is shown only this once. An address can
    be used by one webhook only, so a repeated request is refused.
    """
    await call.resources.receivers.check(body.url)
    async with _work(call) as work:
        ports = call.resources.ports(work)
        made = await set_up_webhook(
            ports,
            call.actor,
            url=body.url,
            types=body.types,
            description=body.description,
            after=body.after,
            from_the_beginning=body.from_the_beginning,
        )
        shown = ShownSecretView(id=made.secret_id, secret=made.secret)
        view = await show_new_webhook(ports, call.actor, made.webhook, shown)
    return Reply(view, version=made.webhook.version, location=f"/v1/webhooks/{made.webhook.id}")


@webhook_routes.get("/v1/webhooks", privilege="webhook.write")
async def list_webhooks(call: Call[Ports], query: PageQuery) -> Page[WebhookView]:
    """List webhooks, oldest first"""
    return await read.list_webhooks(call.ports, call.actor, query)


@webhook_routes.get("/v1/webhooks/{webhook_id}", privilege="webhook.write")
async def read_webhook(call: Call[Ports], webhook_id: UUID) -> Reply[WholeWebhookView]:
    """Read a webhook, without its secrets"""
    webhook = await find_webhook(call.ports, webhook_id)
    return Reply(await read.read_webhook(call.ports, call.actor, webhook), version=webhook.version)


@webhook_routes.put(
    "/v1/webhooks/{webhook_id}", privilege="webhook.write", if_match="required", transaction=False
)
async def revise(call: Call[Ports], webhook_id: UUID, body: WebhookContent) -> Reply[WebhookView]:
    """Change a webhook's address and events; from then on it sees what the caller may see"""
    async with call.database.reading(call.actor.tenant_id) as looking:
        await find_webhook(call.resources.ports(looking), webhook_id)
    await call.resources.receivers.check(body.url)
    async with _work(call) as work:
        ports = call.resources.ports(work)
        revised = await revise_webhook(
            ports,
            call.actor,
            webhook_id,
            call.required_version,
            url=body.url,
            types=body.types,
            description=body.description,
        )
        return await _reply(ports, call.actor, revised)


@webhook_routes.delete("/v1/webhooks/{webhook_id}", privilege="webhook.write")
async def delete(call: Call[Ports], webhook_id: UUID) -> None:
    """Delete a webhook with its secrets and its log"""
    await delete_webhook(call.ports, call.actor, webhook_id)


@webhook_routes.post("/v1/webhooks/{webhook_id}/pause", privilege="webhook.write")
async def pause(call: Call[Ports], webhook_id: UUID) -> Reply[WebhookView]:
    """Pause a webhook; its events wait"""
    return await _reply(call.ports, call.actor, await pause_webhook(call.ports, call.actor, webhook_id))


@webhook_routes.post("/v1/webhooks/{webhook_id}/resumption", privilege="webhook.write")
async def resume(call: Call[Ports], webhook_id: UUID) -> Reply[WebhookView]:
    """Resume a webhook that was paused or disabled, from where it stopped"""
    return await _reply(call.ports, call.actor, await resume_webhook(call.ports, call.actor, webhook_id))


@webhook_routes.post("/v1/webhooks/{webhook_id}/position", privilege="webhook.write")
async def move(call: Call[Ports], webhook_id: UUID, body: MoveWebhook) -> Reply[WebhookView]:
    """Move a webhook to another place in the trail, to repeat events or to skip some"""
    moved = await move_webhook(
        call.ports, call.actor, webhook_id, after=body.after, from_the_beginning=body.from_the_beginning
    )
    return await _reply(call.ports, call.actor, moved)


@webhook_routes.post(
    "/v1/webhooks/{webhook_id}/secrets", privilege="webhook.write", status=201, transaction=False
)
async def add_another_secret(call: Call[Ports], webhook_id: UUID) -> ShownSecretView:
    """Add a second secret to a webhook

    Deliveries carry a signature with each secret until one is removed. The secret is shown only this once:
    the answer is not stored, and a repeated request is refused because there are two secrets already.
    """
    async with _work(call) as work:
        secret_id, secret = await add_secret(call.resources.ports(work), call.actor, webhook_id)
    return ShownSecretView(id=secret_id, secret=secret)


@webhook_routes.delete("/v1/webhooks/{webhook_id}/secrets/{secret_id}", privilege="webhook.write")
async def drop_secret(call: Call[Ports], webhook_id: UUID, secret_id: UUID) -> None:
    """Delete one of a webhook's two secrets"""
    await remove_secret(call.ports, call.actor, webhook_id, secret_id)


@webhook_routes.get("/v1/webhooks/{webhook_id}/attempts", privilege="webhook.write")
async def list_attempts(call: Call[Ports], webhook_id: UUID, query: AttemptQuery) -> Page[AttemptView]:
    """List a webhook's attempts of the last two weeks, newest first"""
    return await read.list_attempts(call.ports, call.actor, webhook_id, query, delivered=query.delivered)


@webhook_routes.post(
    "/v1/webhooks/{webhook_id}/attempts/{attempt_id}/replay", privilege="webhook.write", status=202
)
async def replay(call: Call[Ports], webhook_id: UUID, attempt_id: UUID) -> None:
    """Send the event of an attempt again, now and out of order"""
    await replay_attempt(call.ports, call.actor, webhook_id, attempt_id)


def _work(call: Call[Ports]) -> Any:
    return call.database.transaction(call.actor.tenant_id, call.cause)


async def _reply(ports: Ports, actor: Actor, webhook: Webhook) -> Reply[WebhookView]:
    return Reply(await show_webhook(ports, actor, webhook), version=webhook.version)
