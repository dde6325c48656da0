"""Back to what a host was before its upgrade: by itself when that fails, or by hand while its copy is kept."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from socket import gethostname

from builder.durable import write_whole
from builder.errors import BadInput, Refused
from builder.load.text import read_text
from builder.models.event import Event
from builder.models.run import Outcome
from builder.wayback.manifest import Manifest
from builder.workflows.build import Show
from builder.workflows.host_locks import held_on_hosts
from builder.workflows.recording import record_hosts, recorded, write_documents
from builder.workflows.session import Session
from builder.workflows.site_text import with_values
from builder.workflows.upgrade_acts import ActFailed, Acts
from builder.workflows.upgrade_record import Phase, Record, Records
from builder.workflows.verify import Verified, accepted_hosts, failures, verify


@dataclass
class Back:
    """What became of it; `manifest` is what the archive keeps by then."""

    outcome: Outcome = "failed"
    manifest: Manifest | None = None
    proven: Verified = field(default_factory=lambda: Verified((), unreachable=False))
    dossier: Mapping[str, Path] = field(default_factory=dict)


def proven(session: Session, host: str, show: Show) -> Verified:
    """A whole verification of the host. Raises ActFailed that names what stands against it."""
    show.phase("verify")
    found = verify(session, on_evidence=show.evidence)
    bad = failures(found.evidence)
    if bad:
        told = "; ".join(f"{one.subject}: expected {one.expected}; observed {one.observed}" for one in bad[:3])
        raise ActFailed(f"{host}: {told}")
    return found


def go_back(acts: Acts, records: Records, record: Record, session: Session, show: Show) -> Back:
    """Bring the host back to what `record` says that it was, and prove that it is: by its manifest behind closed doors,
    then by everything else. `session` is of the site file as it was. Raises PacsmithError where an act fails; it may be
    called again then."""
    acts.reach()
    if record.phase in {"copied", "closed"}:
        records.keep(record.model_copy(update={"phase": "closed"}))
    else:
        _put_back(acts, records, record)
    found = acts.manifest("Manifest of what is back")
    if records.has_manifest(record.run):
        acts.equal(records.manifest(record.run), found)
    came = acts.give_back_arrivals()
    if came:
        found = _with_arrivals(acts, found, came)
    acts.open_doors()
    back = Back("accepted", found, proven(session, record.host, show))
    acts.drop_copy()
    records.keep(record.model_copy(update={"phase": "back"}))
    return back


def _with_arrivals(acts: Acts, before: Manifest, came: int) -> Manifest:
    """What the archive keeps by then: all that it had, and what came meanwhile. Raises ActFailed for less."""
    found = acts.manifest("Manifest with what came meanwhile")
    acts.equal(before, found)
    more = len(found.instances) - len(before.instances)
    if more != came:
        raise ActFailed(f"{acts.name}: {came} instances came meanwhile, and {more} of them are there")
    return found


def _put_back(acts: Acts, records: Records, record: Record) -> None:
    """The system as it was, from its copy. Only a host that let senders in again may have got images since; once it is
    being put back, its database cannot be asked any more."""
    if record.phase != "putting back":
        acts.close_doors()
    if record.phase in {"open", "upgraded", "going back"}:
        records.keep(record.model_copy(update={"phase": "going back"}))
        if record.mark is not None:
            acts.keep_arrivals(record.mark)
    records.keep(record.model_copy(update={"phase": "putting back"}))
    acts.put_back()


def to_roll_back(session: Session, host: str) -> Record:
    """The newest upgrade of `host` whose way back is still there. Raises BadInput when there is none."""
    every = list(Records(session.folder / "upgrades").of(host))
    found = next((one for one in every if one.phase not in _OVER), None)
    if found is None:
        gone = f"; that of run {every[0].run} is over: {_OVER[every[0].phase]}" if every else ""
        raise BadInput(f"rollback: {host} has no upgrade that it could go back from{gone}")
    return found


_OVER: Mapping[Phase, str] = {"back": "the host went back", "kept": "its way back was given up"}


def before_text(file: Path, record: Record) -> str:
    """The site file's text as it shall be once the host is back: what people wrote there since stays. Raises
    BadInput."""
    text, fresh = with_values(file, record.host, dict(record.values_before))
    return record.before if text == record.after else fresh if record.phase == "upgraded" else text


def rollback(session: Session, record: Record, show: Show, text: str) -> Back:
    """By hand. `session` is of the site file's `text` before the upgrade, which is written when the host is accepted as
    it was. Raises Locked, Unreachable, ActFailed."""
    with closing(session.ledger):
        with recorded(session, locked=True) as ending:
            acts = Acts(session.machines[0], record.run, session.run.id, _hearing(session, show))
            with held_on_hosts(session.run, gethostname(), session.machines), closing(acts):
                back = go_back(acts, Records(session.folder / "upgrades"), record, session, show)
            ending.outcome = back.outcome
            record_hosts(session, back.proven, accepted_hosts(back.proven.evidence, [record.host]))
            file = Path(session.site_file)
            if text != read_text(file)[0]:
                write_whole(file, text.encode(), file.stat().st_mode & 0o777)
        back.dossier = write_documents(session)
        return back


def _hearing(session: Session, show: Show) -> Callable[[Event], None]:
    """Journal each event, then show it."""

    def hear(event: Event) -> None:
        session.ledger.record(event)
        show.event(event)

    return hear


def give_up(session: Session, record: Record, show: Show) -> None:
    """Remove the copy by which the host could go back. Raises Refused for an upgrade that is not over."""
    records = Records(session.folder / "upgrades")
    with closing(session.ledger), recorded(session, locked=True) as ending:
        if record.phase != "upgraded":
            raise Refused(
                f"{record.host}: the upgrade by run {record.run} is not over ({record.phase}): its copy stays"
            )
        acts = Acts(session.machines[0], record.run, session.run.id, _hearing(session, show))
        with held_on_hosts(session.run, gethostname(), session.machines), closing(acts):
            acts.drop_copy()
        records.keep(record.model_copy(update={"phase": "kept"}))
        ending.outcome = "done"
