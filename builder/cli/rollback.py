"""`pacsmith rollback`: back to what a host was before its last upgrade."""

from pathlib import Path
from typing import Annotated

import typer

from builder.cli.ask import asker
from builder.cli.options import SiteOption
from builder.cli.progress import watching
from builder.errors import BadInput
from builder.load.place import find_site
from builder.workflows.build import Show
from builder.workflows.rollback import before_text, give_up, to_roll_back, upgraded_elsewhere
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
    record, papers = upgraded_elsewhere(today, host) if elsewhere else (to_roll_back(today, host), None)
    if give_up_way_back is not None:
        if give_up_way_back != record.run:
            raise BadInput(f"--give-up-the-way-back-of {give_up_way_back}: the last upgrade of {host} is {record.run}")
        with watching(today.machines, quiet=False) as watcher:
            give_up(today, record, Show(phase=watcher.phase, event=watcher.event))
        typer.echo(f"{host} stays what it is; its way back is gone\nrun {today.run.id}: done")
        return
    today.ledger.close()
    text = before_text(Path(file), record)
    session = open_session("rollback", str(file), hosts=[host], ask=ask, text=text)
    with watching(session.machines, quiet=False) as watcher:
        back = carry_out(session, record, Show(phase=watcher.phase, event=watcher.event), text, papers)
    if back.manifest is not None and back.manifest.instances:
        typer.echo(f"{host} keeps {len(back.manifest.instances)} instances of {back.manifest.studies} studies")
    typer.echo(f"{host} is what it was before run {record.run}: {record.changes.told}")
    for kind, path in sorted(back.dossier.items()):
        typer.echo(f"dossier ({kind}): {path}")
    typer.echo(f"run {session.run.id}: accepted")
