"""`pacsmith locks`: who is at work where, and the way out when nobody is any more."""

import getpass
import json
import secrets
from datetime import UTC, datetime
from typing import Annotated

import typer

from builder import __version__
from builder.cli.ask import asker
from builder.cli.options import JsonOption, SiteArgument, SiteOption, one_site
from builder.errors import BadInput
from builder.ledger import Lock
from builder.load.place import find_site
from builder.load.site import load_site
from builder.models.run import Run
from builder.report.terminal import locks_table, show
from builder.secrets import open_store
from builder.workflows.session import ledger_of


def locks(
    site_name: SiteArgument = None,
    site: SiteOption = None,
    break_scope: Annotated[
        str | None,
        typer.Option("--break", help="Remove the lock on this site or <site>/<host>; the ledger keeps who and why."),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Why it may be removed; goes with --break.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the locks of the site's ledger. A lock that is marked as left by a process that has ended needs no breaking:
    the next run takes it over.

    Example: pacsmith locks --break st-brigid/archive01 --reason 'the jump host was reinstalled'
    """
    if (break_scope is None) != (reason is None):
        raise BadInput("locks: --break and --reason go together; say which lock and why it may be removed")
    hospital = load_site(find_site(one_site(site_name, site))).value
    with ledger_of(hospital, open_store(hospital, ask=asker())) as ledger:
        if break_scope is not None and reason is not None:
            broken = ledger.break_lock(break_scope, run=_breaking(hospital.name, break_scope), reason=reason)
            _tell((broken,), as_json, f"removed the lock on {broken.scope} of {broken.who} (run {broken.run})")
        else:
            held = ledger.locks()
            _tell(held, as_json, None if held else "nothing is locked")


def _breaking(site: str, scope: str) -> Run:
    now = datetime.now(UTC)
    return Run(
        id=f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        verb="locks",
        site=site,
        hosts=tuple(filter(None, [scope.partition("/")[2]])),
        who=getpass.getuser(),
        started=now,
        tool_version=__version__,
    )


def _tell(locks: tuple[Lock, ...], as_json: bool, sentence: str | None) -> None:
    if as_json:
        typer.echo(json.dumps([lock.model_dump(mode="json") for lock in locks], indent=2))
    elif sentence is not None:
        typer.echo(sentence)
    else:
        show(locks_table(locks))
