"""`pacsmith rollback`: back to what a host was before its last upgrade."""

from pathlib import Path
from typing import Annotated

import typer

from builder.cli.ask import asker
from builder.cli.options import SiteOption
from builder.cli.progress import watching
from builder.errors import BadInput, Interrupted
from builder.load.place import find_site
from builder.workflows.build import Show
from builder.workflows.rollback import before_text, give_up, to_give_up, to_roll_back, upgraded_elsewhere
from builder.workflows.rollback import rollback as carry_out
from builder.workflows.session import open_session


def rollback(
    host: Annotated[str, typer.Argument(metavar="HOST", help="The host to bring back.")],
    site: SiteOption = None,
    elsewhere: Annotated[
        bool,
        typer.Option(
            "--upgraded-elsewhere",
            help="The upgrade was made from another machine: use what HOST itself keeps of it.",
        ),
    ] = False,
    give_up_way_back: Annotated[
        str | None,
        typer.Option(
            "--give-up-the-way-back-of",
            metavar="RUN",
            help="Instead: remove the copy that the upgrade by this run has kept, for good; the host stays as it is.",
        ),
    ] = None,
) -> None:
    """Bring a host back to what it was before its last upgrade, also one that was cut off.

    Images that came since are kept, and given back to the archive. The copy that the upgrade has taken must still be
    there.

    Example: pacsmith rollback archive01
    """
    file, ask = find_site(site), asker()
    today = open_session("rollback", str(file), hosts=[host], ask=ask)
    if give_up_way_back is not None:
        old = upgraded_elsewhere(today, host)[0] if elsewhere else to_give_up(today, host, give_up_way_back)
        if old.run != give_up_way_back:
            raise BadInput(f"--give-up-the-way-back-of {give_up_way_back}: the copy on {host} is of run {old.run}")
        with watching(today.machines, quiet=False) as watcher:
            give_up(today, old, Show(phase=watcher.phase, event=watcher.event))
        typer.echo(f"the way back of {host} by run {old.run} is gone\nrun {today.run.id}: done")
        return
    record, papers = upgraded_elsewhere(today, host) if elsewhere else (to_roll_back(today, host), None)
    today.ledger.close()
    text = before_text(Path(file), record)
    session = open_session("rollback", str(file), hosts=[host], ask=ask, text=text)
    try:
        with watching(session.machines, quiet=False) as watcher:
            back = carry_out(session, record, Show(phase=watcher.phase, event=watcher.event), text, papers)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; its doors may be closed until this has come to its end: pacsmith rollback {host}"
        ) from None
    if back.manifest is not None and back.manifest.instances:
        typer.echo(f"{host} keeps {len(back.manifest.instances)} instances of {back.manifest.studies} studies")
    if back.came:
        typer.echo(f"{back.came} instances that came since the upgrade were given back to it")
    has = ", ".join(f"{one.name} {one.was}" for one in record.changes.changes)
    typer.echo(f"{host} is what it was before run {record.run}: {has}")
    for kind, path in sorted(back.dossier.items()):
        typer.echo(f"dossier ({kind}): {path}")
    typer.echo(f"run {session.run.id}: accepted")
