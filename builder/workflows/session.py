"""What every verb that touches machines opens first: the checked site, its inventory, its secrets and the ledger."""

import getpass
import hashlib
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from builder import __file__ as package
from builder import __version__
from builder.assess.display import Report
from builder.inventory import Inventory, Machine, build_inventory
from builder.inventory.roles import role_folder
from builder.ledger import Ledger, open_ledger
from builder.load.place import find_site, recordings_of
from builder.models.plan import Tool
from builder.models.run import Run
from builder.models.sheet import Sheet
from builder.models.site import Site
from builder.secrets import SecretStore
from builder.workflows.selection import select, selected
from builder.workflows.validate import read_checked_site


@dataclass(frozen=True)
class Session:
    """One verb on one site. `machines` are the selected ones, in the inventory's order; `reports` its calibration
    reports; `recordings` the folder of what was recorded of its hosts, where there is one; `site_file` the file's path
    as it was named."""

    site: Site
    sheets: tuple[Sheet, ...]
    inventory: Inventory
    machines: tuple[Machine, ...]
    store: SecretStore
    ledger: Ledger
    run: Run
    today: date
    reports: tuple[Report, ...] = ()
    recordings: Path | None = None
    site_file: str = ""

    @property
    def folder(self) -> Path:
        """Where this site's state is kept, below the project folder."""
        return Path(".pacsmith") / self.site.name

    @property
    def questions(self) -> str:
        """Where engines keep what they have asked of each host, so that the next run asks it all at once."""
        return str(self.folder / "questions")


_NOT_INPUT = frozenset(("__pycache__", ".pacsmith"))  # Molecule keeps the state of its lab in the role's folder


def now() -> datetime:
    """The present, with its zone."""
    return datetime.now(UTC)


def account() -> str:
    """The account name of the person at work, also under sudo, of which root alone can speak."""
    return (os.environ.get("SUDO_USER") if os.geteuid() == 0 else None) or getpass.getuser()


def run_id() -> str:
    """An id for a run that begins now: its time in UTC, and six hex digits against a second one in that second."""
    return f"{now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"


def digest(*files: Path) -> str:
    """SHA-256 over the contents of files and, for folders, every file below them (names and bytes), hex."""
    total = hashlib.sha256()
    for top in files:
        below = sorted(path for path in top.rglob("*") if path.is_file()) if top.is_dir() else [top]
        for path in below:
            if not _NOT_INPUT & set(path.parts):
                total.update(str(path.relative_to(top.parent)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


@cache
def this_tool() -> Tool:
    """This pacsmith."""
    return Tool(version=__version__, code=digest(Path(package).parent))


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
    return open_ledger(url, clean=lambda text: store.redactor().clean(text), zone=site.time.zone)


def open_session(
    verb: str,
    name: str | None,
    *,
    hosts: Sequence[str] | None = None,
    host_class: str | None = None,
    ask: Callable[[str], str] | None = None,
    today: date | None = None,
    text: str | None = None,
) -> Session:
    """Read and check the site (as `text`, where that is not yet what its file says), open its secrets and ledger.
    Raises BadInput with every problem of the files; before that, and before anybody is asked for a password, for a
    host or class that the site does not have."""
    day = today or date.today()

    def first(site: Site) -> None:
        selected(site, hosts, host_class)

    checked = read_checked_site(find_site(name), today=day, ask=ask, first=first, text=text)
    site = checked.site.value
    inventory = build_inventory(site)
    machines = select(inventory, hosts, host_class)
    run = Run(
        id=run_id(),
        verb=verb,
        site=site.name,
        hosts=tuple(machine.host.name for machine in machines),
        who=account(),
        started=now(),
        tool_version=__version__,
        inputs=_inputs(
            {str(checked.site.file): checked.site.sha256} | {str(one.file): one.sha256 for one in checked.calibrations},
            checked.sheet_digests,
            machines,
        ),
    )
    ledger = ledger_of(site, checked.store)
    recordings = recordings_of(checked.site.file)
    file = str(checked.site.file)
    return Session(
        site, checked.sheets, inventory, machines, checked.store, ledger, run, day, checked.reports, recordings, file
    )


def _inputs(site: Mapping[str, str], sheets: Mapping[str, str], machines: Sequence[Machine]) -> dict[str, str]:
    roles = sorted({role.role for machine in machines for role in machine.roles})
    return {**site, **sheets, **{f"roles/{role}": digest(role_folder(role)) for role in roles}}
