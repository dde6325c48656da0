"""Tables for a terminal: the verdict's shape and word first, colour only beside them."""

from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from builder.inventory.windows import told
from builder.ledger import Lock, ProcessIdentity, Reservation
from builder.models.evidence import Evidence, Verdict
from builder.models.run import Run
from builder.report.templating import GLYPHS

_COLOURS: dict[Verdict, str] = {
    "met": "green",
    "short": "bold red",
    "unknown": "yellow",
    "waived": "cyan",
    "not applicable": "dim",
}


_PLAIN_WIDTH = 200  # a file or a pipe has no width of its own; rich would fold lines at 80


def show(table: RenderableType) -> None:
    """Print a table: as wide as the terminal, or in long lines where there is none."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PLAIN_WIDTH)
    console.print(table)


def evidence_table(evidence: Iterable[Evidence]) -> Table:
    """Evidence: verdict, host, subject, expected, observed."""
    table = plain_table("verdict", "host", "subject", "expected", "observed")
    for item in evidence:
        table.add_row(_verdict(item), *map(Text, (item.host, item.subject, item.expected, item.observed)))
    return table


def runs_table(runs: Sequence[Run]) -> Table:
    """Runs, as the ledger lists them; times in UTC."""
    table = plain_table("run", "verb", "outcome", "hosts", "who", "started (UTC)", "note")
    for run in runs:
        table.add_row(
            *map(Text, (run.id, run.verb, run.outcome, ", ".join(run.hosts), run.who, f"{run.started:%Y-%m-%d %H:%M}")),
            Text(run.note or ""),
        )
    return table


def locks_table(locks: Sequence[Lock], reservations: Sequence[Reservation], zone: ZoneInfo) -> Table:
    """Locks: what, by whom, why, since and until when (times of `zone`), by which run, and which process."""
    table = plain_table("scope", "who", "why", "since", "until", "run", "process")
    here = ProcessIdentity.of_this()
    for lock in locks:
        process = f"{lock.process}{' (ended: the next run takes the lock over)' if lock.process.gone(here) else ''}"
        since = told(lock.since.astimezone(zone))
        table.add_row(*map(Text, (lock.scope, lock.holder, lock.why, since, "the run ends", lock.run, process)))
    for held in reservations:
        since, until = told(held.since.astimezone(zone)), told(held.until.astimezone(zone))
        table.add_row(*map(Text, (held.scope, held.holder, held.why, since, until, held.run, "")))
    return table


def _verdict(item: Evidence) -> Text:
    """`✓ met` and its like, with what a met verdict leaves open."""
    return Text(f"{GLYPHS[item.verdict]} {item.verdict_in_full}", style=_COLOURS[item.verdict])


def verdict_text(verdict: Verdict) -> Text:
    """A verdict with its shape and word."""
    return Text(f"{GLYPHS[verdict]} {verdict}", style=_COLOURS[verdict])


def plain_table(*columns: str) -> Table:
    """A table without lines, with these headings."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
