"""Read what a dossier is made of: the ledger and the certificates on record."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import ValidationError

from builder.assess.display import Report
from builder.errors import BadInput
from builder.ledger import HostState, Ledger
from builder.load.place import name_of
from builder.models.dossier import CertificateRecord, Dossier, HostReading
from builder.models.fact import Fact
from builder.models.run import Outcome, Run
from builder.models.sheet import Sheet
from builder.models.site import Site
from builder.models.upgrade import Account
from builder.report.assemble import assemble, cleaned
from builder.report.latest import latest

_HISTORY = 20
ACCEPTING = ("build", "verify", "upgrade", "rollback")
"""The verbs of whose runs there are dossiers."""
_DID_WORK: tuple[Outcome, ...] = ("failed", "interrupted")


def screens_folder(site: Site) -> Path:
    """Where screenshots are kept, each as <SHA-256>.png, from the project folder."""
    return Path(".pacsmith") / site.name / "screens"


def account_file(site: Site, run: str) -> Path:
    """Where the account of an upgrade is kept, from the project folder."""
    return Path(".pacsmith") / site.name / "upgrades" / run / "account.json"


def account_of(file: Path) -> Account | None:
    """The account in `file`; None where there is none that this pacsmith can read."""
    try:
        return Account.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


def gather(
    site: Site,
    ledger: Ledger,
    run_id: str,
    *,
    certificates: Path,
    generated: datetime,
    clean: Callable[[str], str] = lambda text: text,
    sheets: Sequence[Sheet] = (),
    reports: Sequence[Report] = (),
) -> Dossier:
    """The dossier of a recorded run. `certificates` is the folder of the site's PEM files; `clean` (a Redactor's)
    passes over every text of the result; `sheets` and `reports` (calibration reports) are for displays that are held
    to a standard.

    Raises BadInput for a run that the ledger does not know, that was of another site, or that did nothing which a
    dossier could hold.
    """
    run = ledger.run(run_id)
    if run.site != site.name:
        raise BadInput(f"run {run.id}: it was of site {run.site}, not {site.name}; name that one with --site")
    _require_work(run)
    states = (ledger.host_state(site.name, host) for host in run.hosts)
    return cleaned(
        assemble(
            site,
            run,
            events=ledger.events(run.id),
            evidence=latest(ledger.evidence(run.id)),
            facts=[reading_of(state) for state in states if state is not None and state.facts],
            certificates=read_certificates(certificates, (*run.hosts, "ca")),
            history=ledger.runs(site=site.name, limit=_HISTORY),
            sheets=sheets,
            reports=reports,
            upgrade=account_of(account_file(site, run.id)),
            generated=generated,
        ),
        clean,
    )


def pictures_of(dossier: Dossier, folder: Path) -> dict[str, bytes]:
    """The screenshots of a dossier's evidence by SHA-256, as PNG, from `folder`; one that is gone or is not what its
    name says is left out."""
    wanted = {proof.evidence.screen.sha256 for proof in dossier.proofs if proof.evidence.screen is not None}
    found = {}
    for digest in sorted(wanted):
        try:
            png = (folder / f"{digest}.png").read_bytes()
        except OSError:
            continue
        if hashlib.sha256(png).hexdigest() == digest:
            found[digest] = png
    return found


def _require_work(run: Run) -> None:
    """Refuse what a person would take for a hand-over and is none: a plan proves nothing, a refused run did nothing."""
    if run.verb not in ACCEPTING:
        told = "a dossier is made of a build, a verify, an upgrade or a rollback"
        what = f"it was a {run.verb}, which proves nothing, and {told}"
    elif run.outcome == "refused":
        what = f"it was refused, so that nothing was done or proven ({run.note or 'no reason recorded'})"
    else:
        return
    raise BadInput(f"run {run.id}: {what}; pacsmith report --list shows the runs")


def choose_run(site: Site, ledger: Ledger, file: Path) -> Run:
    """The run to report when nobody names one: the last accepted build or verify, else the last that has evidence, else
    the last that did any work. `file` is the site's. Raises BadInput when there is none."""
    accepted = ledger.runs(site=site.name, verbs=ACCEPTING, outcomes=["accepted"], limit=1)
    if accepted:
        return accepted[0]
    worked = ledger.runs(site=site.name, verbs=ACCEPTING, outcomes=_DID_WORK)
    if not worked:
        raise BadInput(
            f"site {site.name}: the ledger holds no build or verify that did any work, and a dossier is made of one; "
            f"begin with: pacsmith build --site {name_of(file)}"
        )
    return next((run for run in worked if ledger.evidence(run.id)), worked[0])


def reading_of(state: HostState) -> HostReading:
    """A host's recorded facts. One that a later catalogue wrote differently is left out rather than misread."""
    facts = []
    for name, value in sorted(state.facts.items()):
        try:
            facts.append(Fact.model_validate({"name": name, **value} if isinstance(value, dict) else value))
        except ValidationError:
            continue
    return HostReading(host=state.name, read=state.updated, facts=tuple(facts))


def read_certificates(folder: Path, names: Iterable[str]) -> tuple[CertificateRecord, ...]:
    """The certificates `<name>.pem` in a folder, by name; those that are not there are left out."""
    files = (folder / f"{name}.pem" for name in sorted(names))
    return tuple(_certificate(file) for file in files if file.is_file())


def _certificate(file: Path) -> CertificateRecord:
    try:
        first = x509.load_pem_x509_certificates(file.read_bytes())[0]
    except (OSError, ValueError):
        return CertificateRecord(file=file.name, subject="cannot be read")
    return CertificateRecord(
        file=file.name,
        subject=first.subject.rfc4514_string(),
        issuer=first.issuer.rfc4514_string(),
        not_after=first.not_valid_after_utc,
        fingerprint=hashlib.sha256(first.public_bytes(Encoding.DER)).hexdigest(),
    )
