"""Whether somebody is at work on a site's machines: asked before they are stopped under them."""

from builder.errors import Locked
from builder.ledger.records import unlocking
from builder.models.site import Site
from builder.secrets import open_store
from builder.workflows.session import ledger_file, ledger_of


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
                    f"{doing} would stop the hosts under {lock.who}, who since {lock.since:%Y-%m-%d %H:%M} UTC holds "
                    f"{lock.scope} to {lock.why} (run {lock.run}, {lock.process}); wait for it, or, once you know that "
                    "nothing is at work there, free it with: pacsmith unlock "
                    f"{unlocking(lock.scope)} --held-by {lock.holder} --why '…'"
                )
