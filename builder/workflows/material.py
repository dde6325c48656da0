"""What a host's roles name and an engine is handed: secrets by reference, the host's certificate, depot files."""

from collections.abc import Callable, Mapping
from datetime import date

from builder.depot import Depot, delivered
from builder.engines.material import Material
from builder.inventory import Machine
from builder.inventory.references import references_within
from builder.load.depot import load_artefacts
from builder.models.depot import Delivered
from builder.secrets.certificates import certificate_for, identity_of, make_host_keys
from builder.workflows.session import Session


def materials_for(session: Session, day: Callable[[str], date] | None = None) -> Mapping[str, Material]:
    """Material by host name. Certificates that are due are issued now, or would be on the `day` of a host.

    Raises BadInput for a secret without a value and for what is not in the depot, before any host is touched.
    """
    make_host_keys(session.store, (machine.host.name for machine in session.machines))
    files = delivered(Depot(), session.machines, load_artefacts())
    return {
        machine.host.name: _material(
            session, machine, files.get(machine.host.name, ()), session.today if day is None else day(machine.host.name)
        )
        for machine in session.machines
    }


def _material(session: Session, machine: Machine, files: tuple[Delivered, ...], day: date) -> Material:
    references = [found.reference for role in machine.roles for found in references_within(role.variables)]
    identity = identity_of(session.site, machine.host)
    certificate = certificate_for(session.site, session.store, machine.host.name, identity.dns, identity.addresses, day)
    return Material(
        secrets={reference.key: session.store.value(reference) for reference in references},
        ca_pem=certificate.ca_pem,
        certificate_pem=certificate.certificate_pem,
        key_pem=certificate.key_pem,
        artefacts=files,
    )
