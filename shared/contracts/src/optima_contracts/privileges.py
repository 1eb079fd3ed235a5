"""The privilege matrix: the table from which roles, documentation and tests are generated.

A privilege is a fine-grained string, `<noun>.<verb>`; a role is a named set of privileges. The roles are the
product's actors (admin, backoffice, dealer/agent, supplier, marketing, purchasing, auditor).
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Privilege(NamedTuple):
    key: str
    italian: str
    english: str
    roles: frozenset[str]
    """Built-in roles that hold the privilege; admin always does."""


def _p(key: str, italian: str, english: str, *roles: str) -> Privilege:
    return Privilege(key, italian, english, frozenset({"admin", *roles}))


PRIVILEGES: Final[tuple[Privilege, ...]] = (
    _p(
        "directory.read",
        "consultare persone e unità",
        "read people and units",
        "backoffice",
        "marketing",
        "purchasing",
        "auditor",
    ),
    _p("directory.write", "gestire persone, unità e ruoli", "manage people, units and roles"),
    _p("person.invite", "invitare persone", "invite people"),
    _p(
        "brief.read",
        "vedere i propri brief",
        "see one's own briefs",
        "backoffice",
        "marketing",
        "purchasing",
        "auditor",
    ),
    _p("brief.read_all", "vedere tutti i brief", "see every brief", "backoffice", "purchasing", "auditor"),
    _p("brief.create", "scrivere brief", "write briefs", "marketing"),
    _p("brief.submit", "sottoporre brief", "submit briefs", "marketing"),
    _p("brief.cancel", "annullare i propri brief", "cancel one's own briefs", "marketing"),
    _p("brief.comment", "commentare brief", "comment briefs", "backoffice", "marketing", "purchasing"),
    _p("brief.price", "quotare brief", "price briefs", "purchasing"),
    _p("brief.price.read", "vedere i prezzi dei brief", "see the prices of briefs", "purchasing", "auditor"),
    _p(
        "budget.read",
        "vedere i budget e quanto ne resta",
        "see budgets and what is left of them",
        "purchasing",
        "auditor",
    ),
    _p(
        "budget.write",
        "pianificare i budget e sbloccare chi li supera",
        "plan budgets and release what exceeds them",
    ),
    _p(
        "brief_type.write",
        "definire i tipi di brief e i loro moduli",
        "define types of briefs and their forms",
    ),
    _p(
        "quotation.submit",
        "rispondere alle richieste di preventivo rivolte a sé",
        "quote what one is asked to",
        "supplier",
    ),
    _p(
        "process.read",
        "vedere i processi approvativi",
        "see approval processes",
        "backoffice",
        "marketing",
        "purchasing",
        "auditor",
    ),
    _p("process.write", "definire i processi approvativi", "define approval processes"),
    _p(
        "approval.read",
        "vedere le approvazioni che riguardano sé",
        "see approvals that concern oneself",
        "backoffice",
        "marketing",
        "purchasing",
        "auditor",
    ),
    _p("approval.read_all", "vedere tutte le approvazioni", "see every approval", "auditor"),
    _p(
        "approval.open",
        "sottoporre ad approvazione",
        "submit things for approval",
        "backoffice",
        "marketing",
        "purchasing",
    ),
    _p(
        "approval.decide",
        "decidere approvazioni",
        "decide approvals",
        "backoffice",
        "marketing",
        "purchasing",
    ),
    _p(
        "approval.administer",
        "delegare e riassegnare le approvazioni altrui",
        "delegate and reassign others' approvals",
    ),
    _p(
        "approval.delegate",
        "delegare le proprie approvazioni",
        "delegate one's own approvals",
        "backoffice",
        "marketing",
        "purchasing",
    ),
    _p("order.read", "vedere gli ordini", "see orders", "backoffice", "purchasing", "auditor"),
    _p("order.write", "gestire gli ordini", "manage orders", "backoffice"),
    _p("customer.write", "modificare i clienti", "change customers", "backoffice"),
    _p("customer.read", "vedere i clienti", "see customers", "backoffice", "purchasing", "auditor"),
    _p(
        "job.economics.read",
        "vedere i dettagli tecnico-economici",
        "see technical-economic details",
        "purchasing",
        "auditor",
    ),
    _p(
        "job.economics.write",
        "configurare i dettagli tecnico-economici",
        "configure technical-economic details",
    ),
    _p(
        "kind.write",
        "configurare i tipi di lavorazione e le loro fasi",
        "configure kinds of work and their phases",
    ),
    _p("phase.assign", "assegnare le fasi", "assign phases"),
    _p("phase.read", "vedere tutte le fasi", "see every phase", "backoffice", "auditor"),
    _p(
        "phase.work",
        "lavorare le fasi assegnate a sé",
        "work on the phases assigned to oneself",
        "backoffice",
        "dealer",
        "agent",
        "supplier",
    ),
    _p(
        "phase.inspect",
        "accettare o respingere il lavoro di una fase",
        "accept or reject a phase's work",
        "backoffice",
    ),
    _p("stock.read", "vedere le giacenze", "see stock", "backoffice", "auditor"),
    _p("stock.write", "registrare movimenti di magazzino", "record warehouse movements", "backoffice"),
    _p(
        "shipment.read",
        "vedere spedizioni e DDT",
        "see shipments and DDTs",
        "backoffice",
        "purchasing",
        "auditor",
    ),
    _p("shipment.write", "preparare e consegnare spedizioni", "prepare and deliver shipments", "backoffice"),
    _p("ddt.issue", "emettere e annullare DDT", "issue and void DDTs", "backoffice"),
    _p(
        "lookup.read",
        "vedere le tabelle di raccordo",
        "see lookup tables",
        "backoffice",
        "marketing",
        "purchasing",
        "auditor",
    ),
    _p("lookup.write", "gestire le tabelle di raccordo", "manage lookup tables", "backoffice"),
    _p(
        "erp.read",
        "vedere lo stato della sincronizzazione",
        "see the state of synchronisation",
        "backoffice",
        "auditor",
    ),
    _p("erp.write", "configurare le connessioni ERP", "configure ERP connections"),
    _p(
        "erp.sync",
        "avviare la sincronizzazione e ripetere i record respinti",
        "start synchronisation and replay refused records",
        "backoffice",
    ),
    _p(
        "trail.read",
        "vedere il tracciato di propria competenza",
        "read the trail in one's competence",
        "backoffice",
        "marketing",
        "purchasing",
        "auditor",
    ),
    _p("trail.read_all", "vedere tutto il tracciato", "read the whole trail", "auditor"),
    _p("trail.export", "esportare il tracciato", "export the trail", "auditor"),
    _p(
        "trail.erase",
        "cancellare dal tracciato i testi personali di qualcuno",
        "erase somebody's personal texts from the trail",
    ),
    _p("webhook.write", "gestire i webhook", "manage webhooks"),
    _p("operations.replay", "ripetere messaggi parcheggiati", "replay parked messages"),
)

ADMIN_ONLY: Final = frozenset({"approval.administer", "job.economics.write", "phase.assign"})
"""Privileges that only admins can hold: no other role, built-in or a tenant's own, can be given them."""

NEVER_OUTDATED: Final = {
    "write": frozenset({"job.economics.write", "brief.price", "phase.assign", "approval.decide"}),
    "read": frozenset({"trail.export"}),
}
"""Privileges for which a service checks every change of access rights that it has received before it prices,
assigns, decides or exports. For all others a process may go by what it loaded a second ago."""

PLATFORM: Final = frozenset({"tenant.register"})
"""Scopes of the platform's own service account. No role of a tenant can hold them."""

BUILT_IN_ROLES: Final = (
    "admin",
    "backoffice",
    "dealer",
    "agent",
    "supplier",
    "marketing",
    "purchasing",
    "auditor",
)


def privileges_of(role: str) -> frozenset[str]:
    """The privileges of a built-in role. Raises KeyError for any other name."""
    if role not in BUILT_IN_ROLES:
        raise KeyError(role)
    return frozenset(p.key for p in PRIVILEGES if role in p.roles)
