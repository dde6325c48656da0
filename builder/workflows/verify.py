"""Verify: routes, requirements and role checks of living machines, each ending in a piece of evidence."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from builder.assess.proof import evidence_of as evidence_of_finding
from builder.depot import Depot, artefact_for
from builder.errors import Unreachable
from builder.inventory import Machine
from builder.inventory.index import all_ends
from builder.inventory.roles import role_folder
from builder.load.depot import load_artefacts
from builder.models.depot import Needed
from builder.models.evidence import Evidence
from builder.models.fact import Fact
from builder.models.site import Peer
from builder.probes.matrix import questions
from builder.probes.opening import StandInMaterial
from builder.probes.role_checks import RoleChecks, run_role_checks
from builder.probes.stage import Stage
from builder.secrets.certificates import ca_certificate, certificate_for, identity_of
from builder.survey.remote import Remote
from builder.workflows.findings import findings_of
from builder.workflows.handed_in import certificates_proven
from builder.workflows.proving import prove_routes
from builder.workflows.screens import prove_screens
from builder.workflows.session import Session, now
from builder.workflows.survey import HostFacts, survey_hosts

_SECONDS_TO_ANSWER = 20.0


@dataclass(frozen=True)
class Verified:
    """What a verification came to. `unreachable` is true when a machine could not be asked at all.

    `facts` holds, by host, what the machines said of themselves.
    """

    evidence: tuple[Evidence, ...]
    unreachable: bool
    facts: Mapping[str, Mapping[str, Fact]] = field(default_factory=dict)


def accepted(evidence: Sequence[Evidence]) -> bool:
    """True when nothing is short and nothing is unknown but what a person must attest. No evidence is no acceptance."""
    return bool(evidence) and not failures(evidence)


def failures(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """What stands against acceptance: everything short, and everything unknown that a probe should have told."""
    return tuple(
        item for item in evidence if item.verdict == "short" or (item.verdict == "unknown" and item.attest is None)
    )


def ignore(_: Evidence) -> None:
    """Nobody watches."""


def verify(session: Session, *, on_evidence: Callable[[Evidence], None] = ignore) -> Verified:
    """Every route, requirement and role check of the selected machines. Raises BadInput for a missing secret."""
    redactor = session.store.redactor
    told: list[Evidence] = []

    def hear(item: Evidence) -> None:
        clean = item.model_copy(update={"observed": redactor().clean(item.observed)})
        told.append(clean)
        on_evidence(clean)

    for item in certificates_proven(session):
        hear(item)
    absent = _absent(session.machines)
    for name, fault in absent.items():
        hear(_unreadable(session, name, fault))
    machines = tuple(machine for machine in session.machines if machine.host.name not in absent)
    if not machines:
        return Verified(tuple(told), unreachable=True)
    asked = questions(session.site, frozenset(machine.host.name for machine in machines))
    ca_pem = ca_certificate(session.site, session.store)
    material = _materials(session, ca_pem)
    stage = _stage(session, ca_pem)
    with ThreadPoolExecutor(8) as pool:
        checks = [pool.submit(_checks, session, one, hear) for one in _role_checks(machines)]
        surveyed = pool.submit(_requirements, session, machines, hear)
        if any(machine.host.workstation is not None for machine in machines):
            wait(checks)  # they look at viewers, which stand aside while a listener proves the routes to their port
        others: list[Future[Any]] = [*checks, surveyed]
        _, reached = prove_routes(stage, session.inventory, asked, material, hear, lambda: wait(others))
        for future in checks:
            future.result()
        read = surveyed.result()
    seen = prove_screens(session, machines, _stage(session, ca_pem), hear)
    return Verified(
        _ordered(told, [question.subject for question in asked]),
        bool(absent) or not (reached and seen) or any(one.fault for one in read),
        {one.machine.host.name: one.facts for one in read if one.fault is None},
    )


def _stage(session: Session, ca_pem: str) -> Stage:
    at_work = session.ledger.at_work
    return Stage(session.site, session.run.id, session.store.value, ca_pem, artefact=_artefact, at_work=at_work)


def _artefact(needed: Needed) -> Path:
    return Depot().whole(artefact_for(needed, load_artefacts(), "the site"))


def _materials(session: Session, ca_pem: str) -> Callable[[Peer], StandInMaterial]:
    """Certificates are made before the stage is opened, one after another: the vault has one writer."""
    made = {peer.name: _material(session, peer, ca_pem) for peer in session.site.peers if peer.stand_in}
    return lambda peer: made[peer.name]


def _material(session: Session, peer: Peer, ca_pem: str) -> StandInMaterial:
    if not any(end.ae is not None and end.ae.tls for end in all_ends(session.site)):
        return StandInMaterial(ca_pem)
    identity = identity_of(session.site, peer)
    certificate = certificate_for(
        session.site, session.store, peer.name, identity.dns, identity.addresses, session.today
    )
    return StandInMaterial(ca_pem, certificate.certificate_pem, certificate.key_pem.get_secret_value())


def _role_checks(machines: Sequence[Machine]) -> list[RoleChecks]:
    return [
        RoleChecks(role.role, role_folder(role.role), machine.connection, role.variables)
        for machine in machines
        for role in machine.roles
    ]


def _checks(session: Session, checks: RoleChecks, hear: Callable[[Evidence], None]) -> None:
    for item in run_role_checks(checks, session.run.id):
        hear(item)


def _absent(machines: Sequence[Machine]) -> dict[str, str]:
    """Why a machine cannot be reached, by its name: said once, not once a question."""

    def fault(machine: Machine) -> str | None:
        try:
            with Remote(machine.connection) as remote:
                remote.run("true", timeout=_SECONDS_TO_ANSWER)
        except Unreachable as unreachable:
            return str(unreachable)
        return None

    with ThreadPoolExecutor(16) as pool:
        found = zip(machines, pool.map(fault, machines), strict=True)
        return {machine.host.name: why for machine, why in found if why is not None}


def _requirements(
    session: Session, machines: Sequence[Machine], hear: Callable[[Evidence], None]
) -> tuple[HostFacts, ...]:
    """Read the machines and hold them against their sheets."""
    read = survey_hosts(machines, session.recordings)
    for one in read:
        name = one.machine.host.name
        for finding in findings_of(one, session.sheets, session.today, session.reports):
            hear(evidence_of_finding(finding, name, session.run.id, now()))
        if one.fault is not None:
            hear(_unreadable(session, name, one.fault))
    return read


def _unreadable(session: Session, host: str, fault: str) -> Evidence:
    return Evidence(
        kind="check", subject=f"{host}: survey", source="pacsmith verify", expected="the machine can be read",
        observed=fault, verdict="unknown", at=now(), probe="survey over SSH", host=host, run=session.run.id,
    )  # fmt: skip


def _ordered(evidence: Sequence[Evidence], subjects: Sequence[str]) -> tuple[Evidence, ...]:
    """Requirements, then routes as they were asked, then checks by machine and name."""
    place = {subject: number for number, subject in enumerate(subjects)}
    kinds = {"requirement": 0, "route": 1, "check": 2}
    return tuple(
        sorted(
            evidence,
            key=lambda item: (kinds[item.kind], place.get(item.subject, len(place)), item.host, item.subject),
        )
    )
