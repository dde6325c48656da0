"""Whether somebody is at work on a site's machines: asked before they are stopped under them."""

from collections.abc import Sequence

from builder.errors import Locked
from builder.inventory.waves import Wave, crowded
from builder.inventory.windows import told_in
from builder.ledger import Lock
from builder.ledger.records import Held, unlocking
from builder.models.site import Site
from builder.secrets import open_store
from builder.workflows.session import Session, ledger_file, ledger_of

_ONLY_READS = "verify"  # the one verb that holds a lock and changes nothing


def refuse_while_at_work(site: Site, doing: str) -> None:
    """Raise Locked when the site's ledger holds a lock, on the site or a host of it, whose process may still live.

    `doing` is what is refused, in words. A site whose ledger file does not exist yet has nobody at work on it. Raises
    what opening the ledger raises.
    """
    file = ledger_file(site)
    if file is not None and not file.exists():
        return
    with ledger_of(site, open_store(site)) as ledger:
        for lock in ledger.living_locks():
            if lock.scope == site.name or lock.scope.startswith(f"{site.name}/"):
                raise Locked(
                    f"{doing} would stop the hosts under {lock.who}, who since "
                    f"{told_in(site.time.zone, lock.since)} holds {lock.scope} to {lock.why} (run "
                    f"{lock.run}, {lock.process}); wait for it, or, once you know that nothing is at work there, "
                    "free it with: pacsmith unlock "
                    f"{unlocking(lock.scope)} --held-by {lock.holder} --why '…'"
                )


def changed_now(session: Session) -> dict[str, Lock]:
    """By host, the lock of another run that is changing it, or its whole site, now."""
    site = session.site.name
    theirs = [one for one in session.ledger.living_locks() if one.why != _ONLY_READS and one.run != session.run.id]
    by_scope = {lock.scope: lock for lock in theirs}
    names = [machine.host.name for machine in session.machines]
    found = {name: by_scope.get(f"{site}/{name}", by_scope.get(site)) for name in names}
    return {name: lock for name, lock in found.items() if lock is not None}


def refuse_busy(session: Session) -> None:
    """Raise Held when another run is changing one of the session's hosts now."""
    for lock in changed_now(session).values():
        raise Held(lock, zone=session.site.time.zone)


def refuse_crowded(session: Session, waves: Sequence[Wave]) -> None:
    """Raise Locked when another run is changing hosts that serve together with those of `waves`, so that too many of
    them would be changed at once. The session's own hosts are locked by then: of two who begin at the same moment, at
    least one sees the other."""
    start = f"{session.site.name}/"
    theirs = {
        lock.scope.removeprefix(start): lock
        for lock in session.ledger.living_locks()
        if lock.scope.startswith(start) and lock.run != session.run.id and lock.why != _ONLY_READS
    }
    for name, group in crowded(session.site, waves, theirs).items():
        lock = theirs[name]
        raise Locked(
            f"{name}, of the group {group} whose hosts serve together, is being changed by {lock.holder} since "
            f"{told_in(session.site.time.zone, lock.since)} (run {lock.run}, {lock.process}): they are never "
            "all changed at once; wait for it, or name only hosts outside that group with --host"
        )
