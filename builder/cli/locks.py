"""`pacsmith locks`, `lock` and `unlock`: who holds what and until when; to take a lock, and to give it back."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from builder import __version__
from builder.cli.ask import asker
from builder.cli.options import ClassOption, HostOption, JsonOption, SiteArgument, SiteOption, one_site
from builder.errors import BadInput, Locked, PacsmithError
from builder.inventory.windows import Closed, told
from builder.ledger import Ledger, Lock, Reservation
from builder.ledger.reserving import NotLocked
from builder.load.place import find_site
from builder.load.site import load_site
from builder.load.until import until_of
from builder.models.run import Run
from builder.models.site import Site
from builder.report.terminal import locks_table, show
from builder.secrets import open_store
from builder.workflows.hours import closed_hosts
from builder.workflows.selection import selected
from builder.workflows.session import account, ledger_of, now, run_id

HostsArgument = Annotated[list[str] | None, typer.Argument(metavar="[HOST]...", help="The hosts.")]
WholeSite = Annotated[bool, typer.Option("--whole-site", help="The site with all its hosts, in place of hosts.")]


def locks(
    site_name: SiteArgument = None,
    site: SiteOption = None,
    host: HostOption = None,
    host_class: ClassOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what is locked: by a run that is at work, by a person (pacsmith lock), and by the site's calendar, which
    locks each host outside its maintenance windows and in peak hours. A lock that is marked as left by a process that
    has ended stands in nobody's way: the next run takes it over.

    Example: pacsmith locks --host archive01
    """
    with _opened(one_site(site_name, site)) as (hospital, ledger):
        names = selected(hospital, host, host_class)
        runs = [one for one in ledger.locks() if _touches(one, hospital, names)]
        people = [one for one in ledger.reservations() if _touches(one, hospital, names)]
    calendar = closed_hosts(hospital, [one for one in hospital.hosts if one.name in names], now())
    if as_json:
        held = [{"kind": "run", **one.model_dump(mode="json")} for one in runs]
        held += [{"kind": "person", **one.model_dump(mode="json")} for one in people]
        typer.echo(json.dumps([*held, *map(_as_data, calendar)], indent=2))
    elif runs or people:
        show(locks_table(runs, people, ZoneInfo(hospital.time.zone)))
    else:
        typer.echo("nothing is locked" + (" by a run or a person" if calendar else ""))
    if not as_json:
        for lock in calendar:
            typer.echo(f"locked by the site's calendar: {lock.sentence}")


def lock(  # noqa: PLR0917 - one option each
    hosts: HostsArgument = None,
    why: Annotated[str, typer.Option("--why", help="What you do there: others are told.")] = "",
    until: Annotated[str, typer.Option("--until", help='22:00, "2026-11-29 04:00", 90min, 2h or 3d.')] = "",
    whole_site: WholeSite = False,
    site: SiteOption = None,
    host: HostOption = None,
    host_class: ClassOption = None,
    as_json: JsonOption = False,
) -> None:
    """Lock hosts for yourself until a time: meanwhile others may read and verify them, and change nothing. Times are of
    the site's time zone. Of several hosts all are locked, or none. To prolong or shorten a lock of yours, lock again.

    Example: pacsmith lock archive01 --why 'new disks, change 4711' --until 22:00
    """
    if not why.strip() or not until.strip():
        raise BadInput("lock: a lock says why and until when; write --why '…' --until 22:00")
    with _opened(site) as (hospital, ledger):
        scopes = _scopes("lock", hospital, [*(hosts or []), *(host or [])], host_class, whole_site)
        end = until_of(until, now(), ZoneInfo(hospital.time.zone))
        try:
            taken = ledger.reserve_all(
                {scope: _act("lock", hospital.name, scope) for scope in scopes}, why=why, until=end
            )
        except Locked as held:
            raise Locked(f"nothing was locked: {held}" if len(scopes) > 1 else str(held)) from None
    if not as_json:
        for one in taken:
            typer.echo(f"{one.scope} is locked by {one.holder} until {told(end)}: {why}")
    else:
        typer.echo(json.dumps([{"kind": "person", **one.model_dump(mode="json")} for one in taken], indent=2))


def unlock(  # noqa: PLR0917 - one option each
    hosts: HostsArgument = None,
    held_by: Annotated[
        str | None,
        typer.Option("--held-by", metavar="WHO", help="Another's lock: its holder in full, maeve@jump1."),
    ] = None,
    why: Annotated[str | None, typer.Option("--why", help="Why another's lock may go; the ledger keeps it.")] = None,
    whole_site: WholeSite = False,
    site: SiteOption = None,
    host: HostOption = None,
    host_class: ClassOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give your lock back. Another's, and that of a run which may still be at work, is only removed when its holder is
    typed out in full with a reason; who did it is recorded. Of several hosts each lock that may go does; then the
    others are told.

    Example: pacsmith unlock archive01 --held-by maeve@jump1 --why 'agreed by telephone'
    """
    if held_by is not None and not (why or "").strip():
        raise BadInput("unlock: another's lock is removed for a reason; write --why '…'")
    removed: list[Lock | Reservation] = []
    free: list[NotLocked] = []
    refused: list[PacsmithError] = []
    with _opened(site) as (hospital, ledger):
        for scope in _scopes("unlock", hospital, [*(hosts or []), *(host or [])], host_class, whole_site):
            try:
                gone = ledger.unlock(scope, run=_act("unlock", hospital.name, scope), named=held_by, why=why)
            except NotLocked as fault:
                free.append(fault)
            except (BadInput, Locked) as fault:
                refused.append(fault)
            else:
                removed += gone
                for one in () if as_json else gone:
                    typer.echo(f"removed the lock on {scope} of {one.holder} (run {one.run})")
    if as_json and removed:
        rows = [{"kind": _kind(one), **one.model_dump(mode="json")} for one in removed]
        typer.echo(json.dumps(rows, indent=2))
    _tell_left(free, refused if removed or refused else [free.pop()])


def _tell_left(free: Sequence[NotLocked], refused: Sequence[PacsmithError]) -> None:
    """Say what was not unlocked: hosts without a lock are notes, the last of the `refused` is raised."""
    for left in free:
        typer.echo(f"note: {left}", err=True)
    for other in refused[:-1]:
        typer.echo(f"pacsmith: {other}", err=True)
    if refused:
        raise refused[-1]


def _kind(held: Lock | Reservation) -> str:
    return "run" if isinstance(held, Lock) else "person"


@contextmanager
def _opened(site: str | None) -> Iterator[tuple[Site, Ledger]]:
    hospital = load_site(find_site(site)).value
    with ledger_of(hospital, open_store(hospital, ask=asker())) as ledger:
        yield hospital, ledger


def _scopes(verb: str, site: Site, hosts: list[str], host_class: str | None, whole_site: bool) -> tuple[str, ...]:
    if bool(hosts or host_class) == whole_site:
        raise BadInput(f"{verb}: name hosts, or --whole-site for all of {site.name}; one of the two")
    if whole_site:
        return (site.name,)
    return tuple(f"{site.name}/{name}" for name in sorted(selected(site, hosts or None, host_class)))


def _touches(held: Lock | Reservation, site: Site, names: Collection[str]) -> bool:
    """Whether it locks the site or one of these hosts. A ledger may hold those of other sites, too."""
    of_site, _, name = held.scope.partition("/")
    return of_site == site.name and (not name or name in names)


def _act(verb: str, site: str, scope: str) -> Run:
    return Run(
        id=run_id(), verb=verb, site=site, hosts=tuple(filter(None, [scope.partition("/")[2]])), who=account(),
        started=now(), tool_version=__version__,
    )  # fmt: skip


def _as_data(lock: Closed) -> Mapping[str, object]:
    opens = lock.opens.isoformat() if lock.opens else None
    return {"kind": "calendar", "hosts": list(lock.hosts), "why": lock.clause, "until": opens}
