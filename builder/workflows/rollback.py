"""Back to what a host was before its upgrade: by itself when that fails, or by hand while its copy is kept."""

import io
import tarfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from socket import gethostname

from builder.durable import write_whole
from builder.errors import BadInput, Refused
from builder.inventory.target import values_before
from builder.load.site import load_site
from builder.load.text import read_text
from builder.models.event import Event
from builder.survey.remote import Remote
from builder.wayback.copy import NEWEST_SCRIPT, PUT_BACK, PUTTING_BACK
from builder.wayback.manifest import Manifest
from builder.workflows.at_work import refuse_busy
from builder.workflows.build import Show
from builder.workflows.host_locks import held_on_hosts
from builder.workflows.material import materials_for
from builder.workflows.recording import record_hosts, recorded, write_documents
from builder.workflows.session import Session
from builder.workflows.site_text import with_values
from builder.workflows.upgrade_acts import Acts
from builder.workflows.upgrade_host import ActFailed
from builder.workflows.upgrade_record import Phase, Record, Records, from_elsewhere, way_on
from builder.workflows.upgrade_roles import RoleWork
from builder.workflows.verify import Verified, accepted_hosts, failures, verify


@dataclass
class Back:
    """What became of it; `manifest` is what the archive keeps by then, `came` how many instances of it came since the
    upgrade, `record` how far the way back has come."""

    record: Record
    manifest: Manifest | None = None
    came: int = 0
    proven: Verified = field(default_factory=lambda: Verified((), unreachable=False))
    dossier: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Hands:
    """What a way back is gone with: `session` is of the site file as it was; `converge` lays down what people have
    written there since, where that is asked for."""

    acts: Acts
    records: Records
    session: Session
    show: Show
    converge: Callable[[], None] | None = None


def proven(session: Session, host: str, show: Show) -> Verified:
    """A whole verification of the host. Raises ActFailed that names what stands against it."""
    show.phase("verify")
    found = verify(session, on_evidence=show.evidence)
    bad = failures(found.evidence)
    if bad:
        told = "; ".join(f"{one.subject}: expected {one.expected}; observed {one.observed}" for one in bad[:3])
        raise ActFailed(f"{host}: {told}")
    return found


def go_back(hands: Hands, record: Record) -> Back:
    """Bring the host back to what `record` says that it was, and prove that it is: by its manifest behind closed doors,
    then by everything else. Raises PacsmithError where an act fails; it may be called again then, and goes on where it
    was.

    Its copy stays: `over` ends it.
    """
    hands.records.release(record.run)
    hands.acts.reach()
    found, came = None, 0
    if record.phase == "proving back" and hands.acts.state() in {PUTTING_BACK, PUT_BACK}:
        record = record.model_copy(update={"phase": "putting back"})  # once more, by somebody at its console
    if record.phase != "proving back":
        hands.show.phase("way back")
        found, came = _behind_doors(hands, record)
        hands.acts.serves(record.mark)
        record = record.model_copy(update={"phase": "proving back"})
        hands.records.keep(record)
        hands.acts.lay_down(hands.records.files(record.run))  # nobody may put it back once more from another machine
    hands.acts.open_doors()
    return Back(record, found, came, proven(hands.session, record.host, hands.show))


def over(hands: Hands, record: Record) -> None:
    """The way back has come to its end. The copy goes first: nobody may go back by it once more."""
    hands.acts.drop_copy()
    hands.records.keep(record.model_copy(update={"phase": "back"}))


def _behind_doors(hands: Hands, record: Record) -> tuple[Manifest | None, int]:
    """The system as it was, with every image; how many of them came since. No manifest for a host of which nothing was
    changed before its manifest was taken."""
    acts, records = hands.acts, hands.records
    if record.phase == "closed":
        if not records.has_manifest(record.run):
            return None, acts.give_back_arrivals()
    else:
        _put_back(acts, records, record)
    found = acts.manifest("Manifest of what is back")
    acts.equal(records.manifest(record.run), found)
    acts.same_settings(records.settings(record.run), record.configuration)
    if hands.converge is not None:
        hands.converge()
    came = acts.give_back_arrivals()
    return (_with_arrivals(acts, found, came) if came else found), came


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
    acts.refuse_without_copy()
    arrivals = record.phase in {"open", "upgraded", "going back"}
    if arrivals:
        if record.mark is not None:
            acts.refuse_without_room(record.mark)
        records.keep(record.model_copy(update={"phase": "going back"}))
    if record.phase != "putting back":
        acts.close_doors()
        acts.stand_still()
    if arrivals and record.mark is not None:
        acts.keep_arrivals(record.mark)
    records.keep(record.model_copy(update={"phase": "putting back"}))
    acts.put_back()


def to_roll_back(session: Session, host: str) -> Record:
    """The newest upgrade of `host` whose way back is still there. Raises BadInput when there is none, Locked while
    another run is changing the host."""
    refuse_busy(session)
    every = list(Records(session.folder / "upgrades").of(host))
    found = next((one for one in every if one.phase not in _OVER), None)
    newer = next((one for one in every if one.phase == "kept"), None)
    if found is not None and newer is not None and newer.run > found.run:
        raise BadInput(
            f"rollback: {host} cannot go back by the upgrade of run {found.run}: it was upgraded by run {newer.run} "
            f"since, whose way back was given up; give this one up, too: pacsmith rollback {host} "
            f"--give-up-the-way-back-of {found.run}"
        )
    if found is None:
        gone = f"; that of run {every[0].run} is over: {_OVER[every[0].phase]}" if every else ""
        raise BadInput(
            f"rollback: {host} has no upgrade from this machine that it could go back from{gone}; for one from another "
            f"machine: pacsmith rollback {host} --upgraded-elsewhere"
        )
    return found


def to_give_up(session: Session, host: str, run: str) -> Record:
    """The upgrade of `host` by `run`, also one that was not the last. Raises BadInput when it keeps no way back."""
    every = [one for one in Records(session.folder / "upgrades").of(host) if one.phase not in _OVER]
    found = next((one for one in every if one.run == run), None)
    if found is None:
        has = ", ".join(one.run for one in every) or "none"
        raise BadInput(f"--give-up-the-way-back-of {run}: {host} keeps no way back of that run; it keeps {has}")
    return found


def upgraded_elsewhere(session: Session, host: str) -> tuple[Record, Mapping[str, bytes]]:
    """What another machine has laid down on the host of its newest upgrade: the record, and all files by name. Raises
    BadInput when there is none, Unreachable."""
    with Remote(session.machines[0].connection) as remote:
        answer = remote.run("sh -s", stdin=NEWEST_SCRIPT.encode(), sudo=True)
    if answer.code != 0 or not answer.stdout:
        why = answer.stderr.decode("utf-8", "replace").strip()[-200:] or "there is none"
        raise BadInput(f"rollback: {host} keeps no copy that it could go back by from here: {why}")
    with tarfile.open(fileobj=io.BytesIO(answer.stdout)) as packed:
        papers = {Path(one.name).name: packed.extractfile(one) for one in packed if one.isfile()}
        files = {name: file.read() for name, file in papers.items() if file is not None}
    record = from_elsewhere(files)
    if record.phase == "closed":  # nothing was changed yet
        files = {}
    if record.host != host:
        raise BadInput(f"rollback: {host}: its copy is of {record.host}")
    mine = next((one for one in Records(session.folder / "upgrades").of(host) if one.run == record.run), None)
    if mine is not None and mine.phase in _OVER:
        raise BadInput(f"rollback: {host}: the upgrade by run {mine.run} is over: {_OVER[mine.phase]}")
    return (record, files) if mine is None else (mine, {})


_OVER: Mapping[Phase, str] = {"back": "the host went back", "kept": "its way back was given up"}


def before_text(file: Path, record: Record) -> str:
    """The site file's text as it shall be once the host is back: what people wrote there since stays. Raises
    BadInput."""
    text, fresh = with_values(file, record.host, dict(record.values_before))
    if text == record.after:
        return record.before
    host = next(one for one in load_site(file, text).value.hosts if one.name == record.host)
    return fresh if values_before(host, dict(record.values)) == dict(record.values) else text


def rollback(
    session: Session, record: Record, show: Show, text: str, papers: Mapping[str, bytes] | None = None
) -> Back:
    """By hand. `session` is of the site file's `text` before the upgrade, which is written when the host is accepted as
    it was; `papers` are another machine's, kept here from now on. Raises Locked, Unreachable, ActFailed."""
    with closing(session.ledger):
        with recorded(session, locked=True) as ending:
            hear, records = _hearing(session, show), Records(session.folder / "upgrades")
            materials = materials_for(session)
            with held_on_hosts(session.run, gethostname(), session.machines) as locks:
                held = partial(locks.hold_again, session.machines)
                records.keep_files(record.run, papers or {})
                with closing(Acts(session.machines[0], record.copy_there, session.run.id, hear, held)) as acts:
                    hands = Hands(acts, records, session, show, RoleWork(session, materials, hear, show).converge)
                    back = go_back(hands, record)
                    acts.forget(record.run)
                    file = Path(session.site_file)
                    if text != read_text(file)[0]:
                        write_whole(file, text.encode(), file.stat().st_mode & 0o777)
                    record_hosts(session, back.proven, accepted_hosts(back.proven.evidence, [record.host]))
                    over(hands, back.record)
            ending.outcome = "accepted"
        back.dossier = write_documents(session)
        return back


def _hearing(session: Session, show: Show) -> Callable[[Event], None]:
    """Journal each event, then show it."""

    def hear(event: Event) -> None:
        session.ledger.record(event)
        show.event(event)

    return hear


def give_up(session: Session, record: Record, show: Show) -> None:
    """Remove the copy by which the host could go back. Raises Refused for an upgrade that is not over, unless another
    machine has brought the host back, and its copy is gone."""
    records = Records(session.folder / "upgrades")
    with closing(session.ledger), recorded(session, locked=True) as ending:
        with held_on_hosts(session.run, gethostname(), session.machines) as locks:
            held, hear = partial(locks.hold_again, session.machines), _hearing(session, show)
            with closing(Acts(session.machines[0], record.copy_there, session.run.id, hear, held)) as acts:
                acts.reach()
                if record.phase != "upgraded" and (acts.has_copy() or acts.doors_closed()):
                    raise Refused(
                        f"{record.host}: the upgrade by run {record.run} is not over ({record.phase}): its copy stays. "
                        f"{way_on(record)}"
                    )
                acts.drop_copy()
                gone: Phase = "kept" if record.phase == "upgraded" else "back"  # by another machine
                records.keep(record.model_copy(update={"phase": gone}))
        ending.outcome = "done"
