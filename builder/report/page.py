"""The dossier as one self-contained HTML page, for the screen, a telephone and A4 paper. Pure."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from markupsafe import Markup

from builder.assess.reading import told
from builder.models.catalogue import fact_kind
from builder.models.dossier import Dossier, HostReading, Proof
from builder.models.evidence import Verdict
from builder.models.fact import Fact
from builder.models.quantity import Kind
from builder.report.displays import display_html
from builder.report.drawing import draw
from builder.report.network import CROWD
from builder.report.templating import day_and_time, environment, moment, zone

_HARDWARE = ("asset.", "cpu.", "memory.", "disk.", "gpu.", "virtualisation")
_PACKAGE = "package."
_KINDS = ("requirement", "route", "check")


def dossier_html(dossier: Dossier, pictures: Mapping[str, bytes] = MappingProxyType({})) -> str:
    """A page without scripts and without anything that is fetched from elsewhere. `pictures`: screenshots as PNG, by
    SHA-256; evidence whose picture is not among them says so."""
    where, zone_name = zone(dossier.time_zone)
    made = environment()

    def when(value: datetime) -> str:
        return moment(value, where)

    made.filters.update(
        when=when,
        long=lambda value: day_and_time(value, where),
        amount=amount,
        arrow=lambda text: text.replace(" -> ", " → "),
    )
    return made.get_template("dossier.html.j2").render(
        d=dossier,
        zone=zone_name,
        drawing=Markup(draw(dossier.network)),  # its own template escaped it
        tall=_tall(dossier),
        built=[machine for machine in dossier.network.machines if machine.name in dossier.run.hosts],
        groups=_by_kind(dossier.proofs),
        tally=_tally(dossier.proofs),
        displays=[Markup(display_html(one)) for one in dossier.displays],  # its own template escaped it
        shown=_by_picture(dossier.proofs),
        pictures={digest: _inline(png) for digest, png in pictures.items()},
        faults=[p for p in dossier.proofs if p.evidence.verdict == "short"],
        untold=[p for p in dossier.proofs if p.evidence.verdict == "unknown" and not p.evidence.attest],
        attested=[p for p in dossier.proofs if p.evidence.verdict == "unknown" and p.evidence.attest],
        hardware=[(f, _picked(f, _is_hardware)) for f in dossier.facts],
        software=[(f, _picked(f, _is_software), _picked(f, _is_package)) for f in dossier.facts],
    )


def _by_picture(proofs: Sequence[Proof]) -> list[list[Proof]]:
    """What each screenshot proves, in the order in which the dossier names it; the proof with grey steps leads."""
    found: dict[str, list[Proof]] = {}
    for proof in proofs:
        if proof.evidence.screen is not None:
            found.setdefault(proof.evidence.screen.sha256, []).append(proof)
    return [
        sorted(group, key=lambda p: not (p.evidence.screen and p.evidence.screen.steps)) for group in found.values()
    ]


def _inline(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode()}"


def amount(fact: Fact) -> str:
    """A fact's value for a reader, with its unit and note."""
    if fact.error is not None:
        return f"could not be read: {fact.error}"
    kind = _kind(fact)
    return told(fact, kind) if kind else str(fact.value)


def _kind(fact: Fact) -> Kind | None:
    try:
        return fact_kind(fact.name).kind
    except ValueError:  # a fact of another version's catalogue
        return None


def _by_kind(proofs: Sequence[Proof]) -> Mapping[str, Sequence[Proof]]:
    return {kind: [proof for proof in proofs if proof.evidence.kind == kind] for kind in _KINDS}


def _tally(proofs: Sequence[Proof]) -> Mapping[str, Mapping[Verdict, int]]:
    tally: dict[str, dict[Verdict, int]] = {kind: {} for kind in _KINDS}
    for proof in proofs:
        row = tally[proof.evidence.kind]
        row[proof.evidence.verdict] = row.get(proof.evidence.verdict, 0) + 1
    return tally


def _tall(dossier: Dossier) -> bool:
    """Whether the drawing is better off on an upright page."""
    return len(dossier.network.machines) > CROWD


def _picked(host: HostReading, wanted: Callable[[Fact], bool]) -> list[Fact]:
    return sorted(filter(wanted, host.facts), key=lambda fact: fact.name)


def _is_hardware(fact: Fact) -> bool:
    return fact.name.startswith(_HARDWARE)


def _is_package(fact: Fact) -> bool:
    return fact.name.startswith(_PACKAGE) and not fact.absent


def _is_software(fact: Fact) -> bool:
    return not fact.name.startswith(_PACKAGE) and (fact.name == "os.name" or _kind(fact) == "version")
