"""What every verb that touches machines opens first: the checked site, its inventory, its secrets and the ledger."""

import getpass
import hashlib
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import get_args

from builder import __version__
from builder.assess.display import Report
from builder.errors import BadInput
from builder.inventory import Inventory, Machine, build_inventory
from builder.inventory.roles import role_folder
from builder.ledger import Ledger, open_ledger
from builder.load.place import find_site
from builder.models.run import Run
from builder.models.sheet import Sheet
from builder.models.site import HostClass, Site
from builder.secrets import SecretStore
from builder.workflows.validate import read_checked_site


@dataclass(frozen=True)
class Session:
    """One verb on one site. `machines` are the selected ones, in the inventory's order; `reports` its calibration
    reports."""

    site: Site
    sheets: tuple[Sheet, ...]
    inventory: Inventory
    machines: tuple[Machine, ...]
    store: SecretStore
    ledger: Ledger
    run: Run
    today: date
    reports: tuple[Report, ...] = ()

    @property
    def folder(self) -> Path:
        """Where this site's state is kept, below the project folder."""
        return Path(".pacsmith") / self.site.name

    @property
    def questions(self) -> str:
        """Where engines keep what they have asked of each host, so that the next run asks it all at once."""
        return str(self.folder / "questions")


_LISTED = 20  # names of hosts; more are no help
_NOT_INPUT = frozenset(("__pycache__", ".pacsmith"))  # Molecule keeps the state of its lab in the role's folder


def now() -> datetime:
    """The present, with its zone."""
    return datetime.now(UTC)


def digest(*files: Path) -> str:
    """SHA-256 over the contents of files and, for folders, every file below them (names and bytes), hex."""
    total = hashlib.sha256()
    for top in files:
        below = sorted(path for path in top.rglob("*") if path.is_file()) if top.is_dir() else [top]
        for path in below:
            if not _NOT_INPUT & set(path.parts):
                total.update(str(path.relative_to(top.parent)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def selected(site: Site, hosts: Sequence[str] | None, host_class: str | None) -> frozenset[str]:
    """Names of the hosts that `--host` and `--class` name; all without them. Raises BadInput for what is not there."""
    known = sorted(host.name for host in site.hosts)
    for name in hosts or ():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            there = f"it has {', '.join(known)}" if len(known) <= _LISTED else f"it has {len(known)} others"
            hint = f"did you mean {near[0]}?" if near else there
            raise BadInput(f"--host {name}: site {site.name} has no such host; {hint}")
    classes = get_args(HostClass)
    if host_class and host_class not in classes:
        raise BadInput(f"--class {host_class}: there is no such class; write one of {', '.join(classes)}")
    chosen = frozenset(
        host.name
        for host in site.hosts
        if (not hosts or host.name in hosts) and (not host_class or host.host_class == host_class)
    )
    if not chosen:
        which = f"among {', '.join(hosts)}" if hosts else f"in site {site.name}"
        raise BadInput(f"--class {host_class}: there is no host of this class {which}; leave the option out")
    return chosen


def select(inventory: Inventory, hosts: Sequence[str] | None, host_class: str | None) -> tuple[Machine, ...]:
    """The machines that `--host` and `--class` name; all without them. Raises BadInput for what is not there."""
    chosen = selected(inventory.site, hosts, host_class)
    return tuple(machine for machine in inventory.machines if machine.host.name in chosen)


def ledger_file(site: Site) -> Path | None:
    """Where the ledger is kept, from the project folder; None when the site names another database."""
    return Path(".pacsmith") / site.name / "ledger.db" if site.ledger is None else None


def ledger_of(site: Site, store: SecretStore) -> Ledger:
    """The site's ledger: SQLite in .pacsmith/<site>/ unless the site names another database. Whatever is written there
    is cleaned of the secrets known by then, be it said by a step, a probe or a host."""
    if site.ledger is None:
        url = f"sqlite:///{ledger_file(site)}"
    else:
        url = site.ledger if isinstance(site.ledger, str) else store.value(site.ledger).get_secret_value()
    return open_ledger(url, clean=lambda text: store.redactor().clean(text))


def open_session(
    verb: str,
    name: str | None,
    *,
    hosts: Sequence[str] | None = None,
    host_class: str | None = None,
    ask: Callable[[str], str] | None = None,
    today: date | None = None,
) -> Session:
    """Read and check the site, open its secrets and ledger. Raises BadInput with every problem of the files; before
    that, and before anybody is asked for a password, for a host or class that the site does not have."""
    day = today or date.today()

    def first(site: Site) -> None:
        selected(site, hosts, host_class)

    checked = read_checked_site(find_site(name), today=day, ask=ask, first=first)
    site = checked.site.value
    inventory = build_inventory(site)
    machines = select(inventory, hosts, host_class)
    run = Run(
        id=f"{now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        verb=verb,
        site=site.name,
        hosts=tuple(machine.host.name for machine in machines),
        who=os.environ.get("SUDO_USER") or getpass.getuser(),
        started=now(),
        tool_version=__version__,
        inputs=_inputs(
            {str(checked.site.file): checked.site.sha256} | {str(one.file): one.sha256 for one in checked.calibrations},
            checked.sheet_digests,
            machines,
        ),
    )
    ledger = ledger_of(site, checked.store)
    return Session(site, checked.sheets, inventory, machines, checked.store, ledger, run, day, checked.reports)


def _inputs(site: Mapping[str, str], sheets: Mapping[str, str], machines: Sequence[Machine]) -> dict[str, str]:
    roles = sorted({role.role for machine in machines for role in machine.roles})
    return {**site, **sheets, **{f"roles/{role}": digest(role_folder(role)) for role in roles}}
