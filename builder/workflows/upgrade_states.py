"""The two states between which an upgrade goes: the site file as it is, and as it shall be."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from builder.errors import BadInput
from builder.inventory import Machine
from builder.inventory.target import changes_of, values_before, values_of
from builder.load.place import find_site
from builder.load.site import load_site
from builder.models.run import Terms
from builder.models.upgrade import ChangeSet
from builder.workflows.at_work import refuse_busy
from builder.workflows.rehearsed import CHANGE_SET
from builder.workflows.session import Session, open_session, this_tool
from builder.workflows.site_text import Values, with_values
from builder.workflows.upgrade_record import BACKWARDS, Record, Records

Ask = Callable[[str], str] | None


@dataclass(frozen=True)
class States:
    """Both states of one host: `before` and `after` are sessions of the site file as it is and as it shall be, `texts`
    these two texts. `values` are what the file says of the host afterwards, `values_before` what it says now. `resumed`
    is the record of the upgrade that goes on, where it was cut off."""

    before: Session
    after: Session
    changes: ChangeSet
    texts: tuple[str, str]
    values: Values
    values_before: Values
    resumed: Record | None = None

    @property
    def was(self) -> Machine:
        """The host as it was."""
        return self.before.machines[0]

    @property
    def machine(self) -> Machine:
        """The host as it shall be."""
        return self.after.machines[0]

    @property
    def file(self) -> Path:
        """The site file."""
        return Path(self.after.site_file)

    def begun(self, verb: str, terms: Terms | None) -> "States":
        """The same; both states' run is that of `verb`, and its inputs name the change set."""
        inputs: Mapping[str, str] = {**self.after.run.inputs, CHANGE_SET: self.changes.digest}
        run = self.after.run.model_copy(update={"inputs": inputs, "verb": verb, "terms": terms})
        return replace(self, before=replace(self.before, run=run), after=replace(self.after, run=run))


def states_of(name: str | None, host: str, words: Sequence[str], ask: Ask) -> States:
    """Both states of `host`, for the words after --to. Raises BadInput."""
    file = find_site(name)
    site = load_site(file).value
    entry = next((one for one in site.hosts if one.name == host), None)
    if entry is None:
        raise BadInput(f"{host}: site {site.name} has no such host; it has {', '.join(one.name for one in site.hosts)}")
    changes = changes_of(entry, words)
    values = values_of(entry, changes)
    texts = with_values(file, host, values)
    before, after = _sessions(file, host, texts, ask)
    asked = ChangeSet(changes=changes, inputs=_inputs(after))
    return States(before, after, asked, texts, values, values_before(entry, values))


def _inputs(session: Session) -> dict[str, str]:
    """What carries the changes out, by its SHA-256."""
    kept = {key: digest for key, digest in session.run.inputs.items() if key.startswith("roles/")}
    return {**kept, "pacsmith": this_tool().code}


def states_again(name: str | None, host: str, ask: Ask) -> States:
    """Both states of the upgrade of `host` that was cut off. Raises BadInput when there is none, when it is on
    its way back, or when the site file is another by now."""
    file = find_site(name)
    site = load_site(file).value
    record = Records(Path(".pacsmith") / site.name / "upgrades").under_way(host)
    if record is None:
        with closing((today := open_session("upgrade", str(file), hosts=[host], ask=ask)).ledger):
            refuse_busy(today)
        raise BadInput(f"--resume: no upgrade of {host} was cut off on this machine")
    if record.phase in BACKWARDS:
        raise BadInput(
            f"--resume: {host} is on its way back ({record.phase}); go on with that: pacsmith rollback {host}"
        )
    text, _ = with_values(file, host, {})
    if text not in {record.before, record.after}:
        raise BadInput(
            f"--resume: {file} was changed since that upgrade began; undo that, or bring the host back with: pacsmith "
            f"rollback {host}"
        )
    texts = record.before, record.after
    before, after = _sessions(file, host, texts, ask)
    if _inputs(after) != record.changes.inputs:
        raise BadInput(
            f"--resume: the roles or pacsmith itself are others than when that upgrade began, so it would be another "
            f"one; bring the host back: pacsmith rollback {host}"
        )
    return States(before, after, record.changes, texts, dict(record.values), dict(record.values_before), record)


def _sessions(file: Path, host: str, texts: tuple[str, str], ask: Ask) -> tuple[Session, Session]:
    before, after = (open_session("upgrade", str(file), hosts=[host], ask=ask, text=text) for text in texts)
    return before, after
