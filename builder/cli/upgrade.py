"""`pacsmith upgrade`: from one state of the site file to the next, with a way back."""

from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from builder.cli.ask import asker
from builder.cli.options import SiteOption
from builder.cli.progress import watching
from builder.cli.waves import NowOption
from builder.errors import EXIT_FAILED, BadInput, Interrupted
from builder.load.place import find_site
from builder.load.site import load_site
from builder.models.upgrade import Way
from builder.workflows.build import Show
from builder.workflows.rehearse import Words, rehearse
from builder.workflows.upgrade import upgrade as carry_out
from builder.workflows.upgrade_look import Look, look
from builder.workflows.upgrade_record import Records, way_on
from builder.workflows.upgrade_states import States, states_again, states_of
from builder.workflows.upgraded import Upgraded

_WAYS: Mapping[Way | None, str] = {"snapshot": "a snapshot of its file system", "copy": "a copy of its system"}
_KINDS = 5
"""So many kinds of error are shown; the dossier has more."""
_CLASSES = ("archive", "workstation", "thin_client")


def upgrade(  # noqa: PLR0917 - one option each
    host: Annotated[
        str, typer.Argument(metavar="HOST|CLASS", help="The host to upgrade, or a class: its hosts one by one.")
    ],
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to",
            metavar="WHAT",
            help="What to upgrade to, as debian-13, orthanc=1.12.7, postgresql=17, or security for Debian's updates.",
        ),
    ] = None,
    site: SiteOption = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the upgrade of HOST that was cut off, where it was.")
    ] = False,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Change nothing: ask the host everything, and record what would be done; 1 where it would be refused.",
        ),
    ] = False,
    rehearsal: Annotated[
        bool,
        typer.Option(
            "--rehearse",
            help="Upgrade a copy of HOST in the lab on this machine, made from its backup; HOST stays as it is.",
        ),
    ] = False,
    now: NowOption = None,
) -> None:
    """Upgrade a host: copy what it is, change it, prove that it keeps every image, or bring it back.

    From the first change until every image is proven to be there, senders are refused, keep what they have and try
    again. When anything fails, the host goes back to what it was by itself. The copy is kept until you give it up:
    pacsmith rollback HOST goes back by it.

    Example: pacsmith upgrade archive01 --to debian-13 --to orthanc=1.12.7 --to postgresql=17
    """
    if resume == bool(to):
        raise BadInput("upgrade: say either what to, as --to debian-13, or --resume to go on with one that was cut off")
    if plan + rehearsal + resume > 1:
        raise BadInput("upgrade: --plan, --rehearse and --resume are three things; name one")
    short = False
    for name in _hosts(site, host, resume):
        states = states_again(site, name, asker()) if resume else states_of(site, name, to or [], asker())
        _tell_change(states)
        if plan:
            seen = look(states)
            _tell_look(states, seen)
            short = short or seen.refused is not None or any(one.verdict != "met" for one in seen.ahead.checks)
            continue
        if rehearsal:
            _rehearse(name, states, to or [])
            continue
        try:
            with watching(states.after.machines, quiet=False) as watcher:
                result = carry_out(states, Show(phase=watcher.phase, event=watcher.event), now)
        except KeyboardInterrupt:
            raise Interrupted(interrupted(states.after.folder, name)) from None
        _tell(states, result)
        if result.outcome not in {"accepted", "done"}:
            raise typer.Exit(EXIT_FAILED)
    if short:
        raise typer.Exit(EXIT_FAILED)


def interrupted(folder: Path, host: str) -> str:
    """What a person must know who has just pressed Ctrl-C."""
    record = Records(folder / "upgrades").under_way(host)
    if record is None:
        return f"interrupted: {host} serves, and nothing of it is half changed"
    return f"interrupted ({record.phase}). {way_on(record)}"


def _rehearse(name: str, states: States, to: list[str]) -> None:
    with watching(states.after.machines, quiet=False) as watcher:
        show = Show(phase=watcher.phase, event=watcher.event)
        result = rehearse(states, Words(name, tuple(to)), show, watcher.tell)
    _tell_result(f"{name}'s copy", result)
    typer.echo(f"change set {states.changes.digest}: {states.changes.told}")
    typer.echo(f"run {states.after.run.id}: rehearsed, {result.outcome}")
    if result.outcome != "accepted":
        raise typer.Exit(EXIT_FAILED)


def _hosts(site: str | None, word: str, resume: bool) -> list[str]:
    """The names that HOST|CLASS means. Raises BadInput for a class without hosts."""
    if word not in _CLASSES or resume:
        return [word]
    loaded = load_site(find_site(site)).value
    names = [one.name for one in loaded.hosts if one.host_class == word]
    if not names:
        raise BadInput(f"{word}: site {loaded.name} has no host of this class")
    return names


def _tell_change(states: States) -> None:
    """What will be another word in the site file, once the host is accepted."""
    before, after = (text.splitlines(keepends=True) for text in states.texts)
    name = str(states.file)
    typer.echo("".join(unified_diff(before, after, name, name, n=1)), nl=False)


def _tell_look(states: States, seen: Look) -> None:
    typer.echo(f"{states.machine.host.name}: {states.changes.told}")
    for check in seen.ahead.checks:
        remedy = f"; {check.remedy}" if check.remedy else ""
        typer.echo(f"{check.verdict}: {check.name}: {check.observed}{remedy}")
    if seen.ahead.packages is not None:
        typer.echo(f"packages: {seen.ahead.packages} would be replaced or added")
    typer.echo(f"way back: {_WAYS.get(seen.ahead.way, 'the host did not say by what')}")
    estimate = seen.ahead.estimate
    typer.echo(f"tell your peers: {seen.told} ({estimate.rests_on})")
    if seen.refused is not None:
        typer.echo(f"refused as things are: {seen.refused}")
    typer.echo(f"change set {states.changes.digest}: {states.changes.told}")
    typer.echo(f"run {seen.run.id}: nothing was changed")


def _tell_result(name: str, result: Upgraded) -> None:
    for step, seconds in result.seconds.items():
        typer.echo(f"{seconds:7.1f} s  {step}")
    if result.after is not None and result.after.instances:
        after = result.after
        typer.echo(f"{name} keeps {len(after.instances)} instances of {after.studies} studies; SHA-256 {after.digest}")
    if result.settings:
        typer.echo(f"{name}: {result.settings} settings of its configuration are what they were")
    if result.errors is not None:
        typer.echo(f"{name}: {result.errors.told}")
        for kind in result.errors.kinds[:_KINDS]:
            typer.echo(f"  {kind}")
    if result.outage is not None:
        outage = result.outage
        typer.echo(f"{name} was away for {outage.seconds:.1f} s on end, as {outage.seen_by} saw it ({outage.how})")
    if result.why:
        typer.echo(f"pacsmith: {result.why}", err=True)
    if result.rolled_back:
        typer.echo(f"{name} is what it was before")


def _tell(states: States, result: Upgraded) -> None:
    name = states.machine.host.name
    if result.outcome == "done":
        typer.echo(f"{name}: {result.why}")
        typer.echo(f"run {states.after.run.id}: done")
        return
    _tell_result(name, result)
    if states.resumed is not None and result.outage is None:
        typer.echo(f"how long {name} was away was not seen: the upgrade was cut off meanwhile")
    if result.outcome == "accepted":
        typer.echo(f"its way back is kept; once you are sure: pacsmith rollback {name} --give-up-the-way-back-of "
                   f"{result.kept}")  # fmt: skip
    for kind, path in sorted(result.dossier.items()):
        typer.echo(f"dossier ({kind}): {path}")
    typer.echo(f"run {states.after.run.id}: {result.outcome}")
