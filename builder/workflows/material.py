"""Values for what a host's roles name: secrets by reference, and the host's certificate."""

from collections.abc import Mapping

from builder.engines.material import Material
from builder.inventory import Machine
from builder.inventory.references import references_within
from builder.secrets.certificates import certificate_for, identity_of
from builder.workflows.session import Session


def materials_for(session: Session) -> Mapping[str, Material]:
    """Material by host name. Certificates that are due are issued now. Raises BadInput for a secret without a value."""
    return {machine.host.name: _material(session, machine) for machine in session.machines}


def _material(session: Session, machine: Machine) -> Material:
    references = [found.reference for role in machine.roles for found in references_within(role.variables)]
    identity = identity_of(session.site, machine.host)
    certificate = certificate_for(
        session.site, session.store, machine.host.name, identity.dns, identity.addresses, session.today
    )
    return Material(
        secrets={reference.key: session.store.value(reference) for reference in references},
        ca_pem=certificate.ca_pem,
        certificate_pem=certificate.certificate_pem,
        key_pem=certificate.key_pem,
    )
