"""An invited person accepts their invitation by choosing a password."""

from __future__ import annotations

from ..domain.links import link_is_good
from ..domain.people import Person
from ..domain.tenants import Tenant
from .choose_password import choose_password
from .facts import tell_of_person
from .opaque_tokens import read_token
from .ports import Directory, Passwords


async def accept_invitation(
    directory: Directory, passwords: Passwords, token: str, password: str
) -> tuple[Tenant, Person]:
    """Accept the invitation to which the token belongs. If two people use one token at the same time, the
    lock of the link's row lets only one through."""
    presented = read_token(token)
    async with directory.work(presented.tenant_id) as ports:
        link = link_is_good(await ports.links.lock(presented.secret_hash), "invitation", ports.now)
        await ports.tenants.lock()
        tenant, person = await ports.tenants.find(), await ports.people.find(link.person_id)
        assert tenant is not None, "the link's tenant"
        assert person is not None, "the link's foreign key"
        await choose_password(ports, passwords, person, password, by="invitation")
        await ports.links.use(link.id)
        joined = person.joined(ports.now)
        await ports.people.update(joined)
        tell_of_person(ports, joined)
    return tenant, joined
