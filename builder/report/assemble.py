"""Site, run, events and evidence -> dossier. Pure; what is said is decided here, the formats only write it out."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import get_args

from builder.assess.display import Report
from builder.inventory import fqdn_of
from builder.inventory.index import all_ends
from builder.inventory.registry import grants
from builder.models.dossier import (
    VERDICTS,
    CertificateRecord,
    Dossier,
    Equipment,
    HostReading,
    Network,
    Passage,
    Proof,
    Signature,
    WaivedRequirement,
)
from builder.models.event import Event, StepStatus
from builder.models.evidence import Evidence, Verdict
from builder.models.run import Outcome, Run
from builder.models.sheet import Sheet
from builder.models.site import DICOM_OPERATIONS, WEB_OPERATIONS, Host, Peer, Site
from builder.models.upgrade import Account
from builder.report.held import display_records
from builder.report.matrix import matrix_of
from builder.report.work import loose_notes, work_of

_OS_NAMES = {"debian-12": "Debian 12", "debian-13": "Debian 13"}
_TOLD: Mapping[bool, tuple[Verdict, ...]] = {
    True: ("met", "waived", "not applicable", "unknown"),
    False: VERDICTS,
}
_INSTALLER = "Installer"
_SIGNERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("PACS administrator", ("pacs administrator", "pacs admin")),
    ("Head of IT", ("head of hospital it", "head of it", "it director", "chief information")),
)
_PHYSICIST = ("Medical physics expert", ("physic",))


def assemble(
    site: Site,
    run: Run,
    *,
    events: Sequence[Event] = (),
    evidence: Sequence[Evidence] = (),
    facts: Sequence[HostReading] = (),
    certificates: Sequence[CertificateRecord] = (),
    history: Sequence[Run] = (),
    sheets: Sequence[Sheet] = (),
    reports: Sequence[Report] = (),
    upgrade: Account | None = None,
    generated: datetime,
) -> Dossier:
    """The dossier of one run. `history` is the site's runs, newest first; `generated` is the time that it bears.
    `upgrade` is the account of a run that was one.

    `sheets` and `reports` (calibration reports) are for its displays that are held to a standard."""
    counts = count(evidence)
    proofs = tuple(Proof(number=number, evidence=item) for number, item in enumerate(_ordered(evidence), start=1))
    # A ledger's word against the evidence's: where they differ, nothing is called accepted.
    accepted = run.outcome == "accepted" and not counts["short"]
    return Dossier(
        site=site.name,
        title=site.title,
        domain=site.domain,
        time_zone=site.time.zone,
        generated=generated,
        tool_version=run.tool_version,
        run=run,
        accepted=accepted,
        outcome=outcome_sentence(run, counts, accepted),
        counts=counts,
        signatures=_signatures(site, run, evidence),
        network=network_of(site),
        facts=tuple(facts),
        proofs=proofs,
        matrix=matrix_of(site, proofs),
        displays=display_records(site, run, facts, proofs, sheets=sheets, reports=reports) if sheets else (),
        work=work_of(events),
        notes=loose_notes(events),
        waivers=tuple(
            WaivedRequirement(host=host.name, **waiver.model_dump()) for host in site.hosts for waiver in host.waivers
        ),
        certificates=tuple(certificates),
        history=tuple(history),
        upgrade=upgrade,
    )


def count(evidence: Iterable[Evidence]) -> dict[Verdict, int]:
    """How many of each verdict, every verdict present, worst first."""
    counted = Counter(item.verdict for item in evidence)
    return {verdict: counted[verdict] for verdict in VERDICTS}


def outcome_sentence(run: Run, counts: Mapping[Verdict, int], accepted: bool) -> str:
    """The sentence on the cover: accepted or not, and by how much."""
    # Of an accepted run every unknown is a person's to attest: what a probe should have told would stand against it.
    words = {"unknown": "to be attested by a person"} if accepted else {}
    told = ", ".join(f"{counts[word]} {words.get(word, word)}" for word in _TOLD[accepted] if counts[word])
    told = told or "no evidence"
    if accepted:
        return f"Accepted: {told}."
    reason = {
        "running": "the run is still at work",
        "interrupted": "the run was interrupted",
        "refused": "the run was refused",
        "done": "this run was not an acceptance",
        "failed": "the run failed",
        "accepted": "the run was accepted, but its evidence is not",
    }[run.outcome]
    return f"Not accepted: {reason}; {told}."


def network_of(site: Site) -> Network:
    """Machines and routes of a site: hosts, then peers, in the file's order."""
    machines = tuple(_equipment(site, end) for end in all_ends(site))
    passages = tuple(
        Passage(source=grant.source.name, target=grant.target.name, may=grant.may) for grant in grants(site)
    )
    return Network(title=site.title, machines=machines, passages=passages)


def cleaned(dossier: Dossier, clean: Callable[[str], str]) -> Dossier:
    """The dossier with `clean` passed over every text in it: belt and braces against secrets.

    Words of a fixed choice stay: a password that happens to read "short" gives nothing away where every dossier has it.
    """
    return Dossier.model_validate(_cleaned(dossier.model_dump(), clean))


_FIXED = frozenset(
    (*VERDICTS, *get_args(StepStatus), *get_args(Outcome), *DICOM_OPERATIONS, *WEB_OPERATIONS,
     "requirement", "route", "check", "pacsmith-dossier-1")
)  # fmt: skip


def _cleaned(value: object, clean: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return value if value in _FIXED else clean(value)
    if isinstance(value, dict):
        return {_cleaned(key, clean): _cleaned(item, clean) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned(item, clean) for item in value]
    return value


def _ordered(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Requirements, routes, checks; within each by host, in the order in which they were asked."""
    rank = {"requirement": 0, "route": 1, "check": 2}
    return sorted(evidence, key=lambda item: (rank[item.kind], item.host))


def _equipment(site: Site, end: Host | Peer) -> Equipment:
    asset = end.asset
    common = {
        "name": end.name,
        "dns": fqdn_of(site, end),
        "address": str(end.address),
        "network": end.network,
        "location": end.location,
        "maker": asset.maker if asset else "",
        "model": asset.model if asset else "",
        "serial": asset.serial if asset else "",
        "installed": (asset.installed if asset else None) or "",
        "warranty_until": (asset.warranty_until if asset else None) or "",
        "ae_title": end.ae.title if end.ae else "",
        "ae_port": end.ae.port if end.ae else None,
        "ae_tls": bool(end.ae and end.ae.tls),
    }
    if isinstance(end, Peer):
        kind = f"{end.modality} {end.kind}" if end.modality else end.kind
        return Equipment.model_validate({**common, "kind": kind, "ours": False, "stand_in": end.stand_in})
    return Equipment.model_validate(
        {
            **common,
            "kind": end.host_class.replace("_", " "),
            "ours": True,
            "os": _OS_NAMES.get(end.os, end.os),
            "product": f"{end.product.id} {end.product.version}",
            "stage": end.stage,
            "web_port": end.archive.web_port if end.archive else None,
        }
    )


def _signatures(site: Site, run: Run, evidence: Sequence[Evidence]) -> tuple[Signature, ...]:
    """Installer, PACS administrator, head of IT, and the medical physics expert where an attestation is asked."""
    asked = any(item.attest and item.verdict == "unknown" for item in evidence)
    signers = (*_SIGNERS, _PHYSICIST) if asked else _SIGNERS
    named = tuple(Signature(duty=duty, name=_person(site, words)) for duty, words in signers)
    return (Signature(duty=_INSTALLER, name=run.who), *named)


def _person(site: Site, words: tuple[str, ...]) -> str:
    for contact in site.contacts:
        if any(word in contact.duty.casefold() for word in words):
            return contact.name
    return ""
