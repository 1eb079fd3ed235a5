"""An action offered on a webhook succeeds for that reader in that state, and any other is refused."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args
from uuid import uuid4

import pytest

from optima_kit.actor import Actor
from trail.application.read.access import Action

from ..conftest import Scene

pytestmark = [pytest.mark.servers, pytest.mark.sampled(6)]

STATES = ("active", "paused", "disabled")
READERS: dict[str, set[str]] = {
    "everything": {"webhook.write", "trail.read_all"},
    "webhooks alone": {"webhook.write"},
    "the trail alone": {"trail.read", "trail.read_all"},
}


async def webhook_in(scene: Scene, owner: Actor, state: str, secrets: int) -> Any:
    client = scene.app.as_(owner)
    url = f"https://203.0.114.7/{uuid4()}"
    response, webhook = await client.post("/v1/webhooks", {"url": url})
    assert response.status == 201, webhook
    if secrets == 2:
        response, _ = await client.post(f"/v1/webhooks/{webhook['id']}/secrets")
        assert response.status == 201
    if state != "active":
        await scene.stored.fetch(
            "UPDATE webhooks SET state = $2, disabled_because = $3 WHERE id = $1",
            webhook["id"],
            state,
            "gone" if state == "disabled" else None,
        )
    response, shown = await client.get(f"/v1/webhooks/{webhook['id']}")
    assert response.status == 200, shown
    return shown | {"etag": response.headers["ETag"]}


async def attempt(client: Any, webhook: Any, action: str) -> int:
    path = f"/v1/webhooks/{webhook['id']}"
    match action:
        case "revise":
            body = {"url": webhook["url"], "description": "altro"}
            response, _ = await client.put(path, body, headers={"If-Match": webhook["etag"]})
        case "pause":
            response, _ = await client.post(f"{path}/pause")
        case "resume":
            response, _ = await client.post(f"{path}/resumption")
        case "move":
            response, _ = await client.post(f"{path}/position", {"from_the_beginning": True})
        case "add_secret":
            response, _ = await client.post(f"{path}/secrets")
        case "remove_secret":
            response, _ = await client.delete(f"{path}/secrets/{webhook['secrets'][0]['id']}")
        case "delete":
            response, _ = await client.delete(path)
    return int(response.status)


@pytest.mark.parametrize(("state", "secrets"), list(product(STATES, (1, 2))))
@pytest.mark.parametrize("privileges", READERS.values(), ids=READERS)
async def test_what_is_offered_succeeds_and_nothing_else_does(
    scene: Scene, privileges: set[str], state: str, secrets: int
) -> None:
    owner = scene.app.person(privileges=READERS["everything"])
    reader = scene.app.sign_in(privileges=privileges)
    for action in get_args(Action):
        webhook = await webhook_in(scene, owner, state, secrets)
        response, seen = await reader.get(f"/v1/webhooks/{webhook['id']}")
        offered = seen["actions"] if response.status == 200 else []
        status = await attempt(reader, webhook, action)
        assert status in ((200, 201, 204) if action in offered else (403, 404, 409)), action
        await scene.stored.fetch("DELETE FROM webhooks")
