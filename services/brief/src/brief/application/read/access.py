"""Access to briefs: who may see what, and what they may do now.

A requester sees their own briefs. People with `brief.read_all` also see briefs of others as last submitted,
from the first submission on; only the requester sees a draft. Prices need `brief.price.read`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.ports import Person
from optima_kit.refusals import Absent, Refusal

from ...domain.brief import Brief
from ...domain.comments import Comment, comment_may_be_edited
from ...domain.content import Content
from ...domain.lifecycle import BEFORE_GOODS_LEFT, UNDER_APPROVAL, State
from ...domain.proofs import (
    Annotation,
    Proof,
    ProofVersion,
    annotation_may_be_settled,
    proofs_may_be_submitted,
    version_may_be_annotated,
)
from ...domain.quotations import MAX_FILES, QuotationRequest, RequestState
from ...domain.templates import Template
from ..ports import Ports

Action = Literal[
    "revise",
    "attach",
    "submit",
    "price",
    "request_quotations",
    "submit_proof",
    "comment",
    "copy",
    "keep_template",
    "release_budget",
    "cancel",
]
BudgetAction = Literal["change_plan"]
CatalogueAction = Literal["change"]
RequestAction = Literal["ask_more_suppliers", "award", "cancel"]
QuotationAction = Literal["quote", "decline", "send_file"]
TypeAction = Literal["define"]
TemplateAction = Literal["begin", "delete"]
CommentAction = Literal["edit"]
ProofAction = Literal["submit_version"]
ProofVersionAction = Literal["annotate"]
AnnotationAction = Literal["answer", "resolve", "reopen"]


def sees_brief(actor: Actor, brief: Brief) -> bool:
    return _is_shown_to(actor.person_id, actor.may, brief)


def person_sees_brief(person: Person, brief: Brief) -> bool:
    """Tell whether a person other than the actor may see the brief, by what the directory has published."""
    return person.active and _is_shown_to(person.id, person.privileges.__contains__, brief)


def may_look_after_briefs(person: Person) -> bool:
    return person.active and "brief.price" in person.privileges


def may_review(person: Person, brief: Brief) -> bool:
    return person_sees_brief(person, brief) and "approval.decide" in person.privileges


def _is_shown_to(person_id: UUID, may: Callable[[str], bool], brief: Brief) -> bool:
    if person_id == brief.requester_id:
        return may("brief.read")
    return may("brief.read_all") and brief.submitted is not None


def sees_request(actor: Actor, request: QuotationRequest) -> bool:
    """Tell whether the actor may see the request, which is so if they see its brief. The quotes in it need
    `brief.price.read` as well."""
    own = actor.person_id == request.requester_id and actor.may("brief.read")
    return own or actor.may("brief.read_all")


def is_requester(actor: Actor, brief: Brief) -> bool:
    return actor.person_id == brief.requester_id


def sees_prices(actor: Actor) -> bool:
    return actor.may("brief.price.read")


def sees_budgets(actor: Actor) -> bool:
    """Tell whether the actor may see budgets. They need to see prices too, because what a brief takes from
    its budget shows what it costs."""
    return actor.may("budget.read") and sees_prices(actor)


def actions_on_briefs(actor: Actor) -> list[str]:
    """Return what the actor may do with the list of briefs, besides drafting a brief."""
    own_among_others = actor.may("brief.read_all") and actor.may("brief.create")
    offered = {"find_priced": sees_prices(actor), "find_own": own_among_others}
    return [action for action, may in offered.items() if may]


def plans_budgets(actor: Actor) -> bool:
    return actor.may("budget.write") and sees_budgets(actor)


def require_budgets(actor: Actor) -> None:
    """Raise Forbidden unless the actor may see budgets and the prices that are charged to them."""
    actor.require("budget.read")
    actor.require("brief.price.read")


def sees_spend(actor: Actor) -> bool:
    """Tell whether the actor may see what is spent on all briefs, whoever requested them."""
    return actor.may("brief.read_all") and sees_prices(actor)


def require_spend(actor: Actor) -> None:
    """Raise Forbidden unless the actor may see all briefs and their prices."""
    actor.require("brief.price.read")
    actor.require("brief.read_all")


def actions_on_budget(actor: Actor) -> list[BudgetAction]:
    return ["change_plan"] if plans_budgets(actor) else []


def actions_on_catalogue(actor: Actor) -> list[CatalogueAction]:
    return ["change"] if actor.may("brief.price") and sees_spend(actor) else []


def shown_content(actor: Actor, brief: Brief) -> tuple[int, Content]:
    """Return the number and the content of the revision that this actor sees."""
    if brief.draft is not None and (is_requester(actor, brief) or brief.submitted is None):
        return brief.revision, brief.draft
    assert brief.submitted is not None
    return brief.submitted.revision, brief.submitted.content


def actions_on(actor: Actor, brief: Brief) -> list[Action]:
    """Return what this actor may do with the brief now. An action that is listed succeeds; any other is
    refused."""
    own = is_requester(actor, brief)
    drafting = own and brief.state is State.DRAFT
    allowed: dict[Action, bool] = {
        "revise": drafting and actor.may("brief.create"),
        "attach": drafting and actor.may("brief.create"),
        "submit": drafting and actor.may("brief.submit"),
        "price": brief.state in UNDER_APPROVAL and actor.may("brief.price"),
        "request_quotations": brief.state in UNDER_APPROVAL and actor.may("brief.price"),
        "submit_proof": actor.may("approval.open") and _may(lambda: proofs_may_be_submitted(brief)),
        "comment": actor.may("brief.comment"),
        "copy": actor.may("brief.create"),
        "keep_template": actor.may("brief.create"),
        "release_budget": brief.state is State.OVER_BUDGET and plans_budgets(actor),
        "cancel": own and brief.state in BEFORE_GOODS_LEFT and actor.may("brief.cancel"),
    }
    return [action for action, possible in allowed.items() if possible]


def actions_on_types(actor: Actor) -> list[TypeAction]:
    return ["define"] if actor.may("brief_type.write") else []


def sees_template(actor: Actor, template: Template) -> bool:
    """Tell whether the actor may see the template: they saved it, or they belong to the unit that may use
    it."""
    of_unit = template.unit_id is not None and template.unit_id == actor.unit_id
    return keeps_template(actor, template) or of_unit


def keeps_template(actor: Actor, template: Template) -> bool:
    return template.kept_by == actor.person_id


def actions_on_template(actor: Actor, template: Template) -> list[TemplateAction]:
    if not actor.may("brief.create"):
        return []
    return ["begin", "delete"] if keeps_template(actor, template) else ["begin"]


def actions_on_request(actor: Actor, request: QuotationRequest, now: datetime) -> list[RequestAction]:
    if not actor.may("brief.price") or request.state is not RequestState.OPEN:
        return []
    allowed: dict[RequestAction, bool] = {
        "ask_more_suppliers": now < request.due_at,
        "award": any(each.quote and not each.supplier_left for each in request.quotations)
        and _may(lambda: request.may_be_awarded(now)),
        "cancel": True,
    }
    return [action for action, possible in allowed.items() if possible]


def actions_on_quotation(actor: Actor, request: QuotationRequest, now: datetime) -> list[QuotationAction]:
    """Return what the supplier may do with the one quotation that the request contains."""
    if not actor.may("quotation.submit") or not _may(lambda: request.may_be_answered(now)):
        return []
    (own,) = request.quotations
    answers: list[QuotationAction] = ["quote", "decline"]
    return [*answers, "send_file"] if len(own.files) < MAX_FILES else answers


def actions_on_comment(actor: Actor, comment: Comment, now: datetime) -> list[CommentAction]:
    editable = _may(lambda: comment_may_be_edited(comment, actor.person_id, now))
    return ["edit"] if editable and actor.may("brief.comment") else []


def actions_on_proof(actor: Actor, brief: Brief) -> list[ProofAction]:
    possible = actor.may("approval.open") and _may(lambda: proofs_may_be_submitted(brief))
    return ["submit_version"] if possible else []


def actions_on_version(actor: Actor, proof: Proof, version: ProofVersion) -> list[ProofVersionAction]:
    possible = actor.may("brief.comment") and _may(lambda: version_may_be_annotated(proof, version))
    return ["annotate"] if possible else []


def actions_on_annotation(actor: Actor, proof: Proof, annotation: Annotation) -> list[AnnotationAction]:
    if not actor.may("brief.comment") or not _may(
        lambda: annotation_may_be_settled(proof, annotation.version)
    ):
        return []
    return ["answer", "resolve" if annotation.resolved_at is None else "reopen"]


def _may(rule: Callable[[], object]) -> bool:
    try:
        rule()
    except Refusal:
        return False
    return True


async def visible_brief(ports: Ports, actor: Actor, brief_id: UUID) -> Brief:
    """Return the brief. Raises the same Absent if it does not exist and if the actor may not see it."""
    return seen(actor, await ports.briefs.find_brief(brief_id))


def seen(actor: Actor, brief: Brief | None) -> Brief:
    """Return the brief. Raises Absent if it is None or the actor may not see it."""
    if brief is None or not sees_brief(actor, brief):
        raise Absent("brief_absent")
    return brief
