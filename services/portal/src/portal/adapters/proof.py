"""Ask for a password or code on a page of its own if identity requires it, and then continue the request."""

from __future__ import annotations

from optima_kit.http.html import Answer, Handler, PageCall, TemplateAnswer

from .client import ProofNeeded, Refused
from .forms import filled

_FIELDS = ("proof_password", "proof_code")


async def with_proof(call: PageCall, handler: Handler, arguments: dict[str, object]) -> Answer:
    """Return the page's answer, or a form that asks for a password or code and carries everything that was
    sent. The form posts to the page itself, so that nothing is stored in between."""
    shown = {name.removeprefix("proof_"): call.text(name) for name in _FIELDS}
    for name in _FIELDS:
        call.form.popall(name, None)
    if call.signed_in is not None and any(shown.values()):
        try:
            await call.session.services.send("identity", "POST", "/v1/me/proof", filled(**shown))
        except Refused as refused:
            return _ask(call, refused)
    try:
        return await handler(call, **arguments)
    except ProofNeeded:
        return _ask(call, None)


def _ask(call: PageCall, refused: Refused | None) -> Answer:
    sent = [(name, value) for name, value in call.form.items() if isinstance(value, str)]
    context = {"action": call.path, "sent": sent, "refused": refused}
    return TemplateAnswer("proof.html", context, refused.status if refused else 200)
