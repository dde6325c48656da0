"""Show a run while it runs: a live table of hosts by roles on a terminal, plain lines otherwise.

Colour follows the console: rich leaves it out when NO_COLOR is set or the output is no terminal.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from builder.inventory import Machine
from builder.models.event import Event

_WORDS = {"changed": "changed", "failed": "FAILED", "unreachable": "UNREACHABLE"}
_FRAME_LINES = 4  # heading, the line of more hosts, the phase, the cursor's line
_TOLD = {"upgrade"}  # whose acts are few, and what a person waits for in front of closed doors
SYSTEM = "system"  # the engine's name for what belongs to no role: packages


@dataclass
class Cell:
    """What one role has done on one host."""

    steps: int = 0
    changed: int = 0
    failed: bool = False

    @property
    def text(self) -> str:
        """As shown in the table."""
        if self.failed:
            return "[red]failed[/]"
        if self.steps == 0:
            return "[dim]·[/]"
        steps = "1 step" if self.steps == 1 else f"{self.steps} steps"
        return steps + (f", [yellow]{self.changed} changed[/]" if self.changed else "")


@dataclass
class Row:
    """One host: when it began, what it does now, and its roles."""

    began: float | None = None
    ended: float | None = None
    step: str = ""
    unreachable: bool = False
    cells: dict[str, Cell] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether something went wrong on this host."""
        return self.unreachable or any(cell.failed for cell in self.cells.values())

    @property
    def idle(self) -> bool:
        """Whether nothing is under way on this host: it has not begun, or has ended."""
        return self.began is None or self.ended is not None

    def seconds(self, now: float) -> str:
        """Elapsed time as shown."""
        return "" if self.began is None else f"{(self.ended or now) - self.began:.0f} s"


def line(event: Event) -> str | None:
    """The plain line for an event; None for one that nobody needs to read while it runs (a start, nothing to do)."""
    if event.status == "note":
        return ": ".join(part for part in (event.host, event.step, event.error) if part)
    if event.status not in _WORDS:
        return None
    if event.status == "unreachable":
        return f"{_WORDS[event.status]}: {event.error}"  # the sentence begins with the host
    place = ": ".join(part for part in (event.host, event.role, event.step) if part)
    took = f" ({event.duration:.1f} s)" if event.duration is not None else ""
    error = f": {event.error}" if event.error else ""
    return f"{place}: {_WORDS[event.status]}{took}{error}"


class Progress:
    """Use as a context manager; `phase` and `event` take what a workflow says. `hosts` gives the parts of each."""

    def __init__(self, hosts: Mapping[str, Sequence[str]], console: Console) -> None:
        self.rows = {host: Row(cells={part: Cell() for part in parts}) for host, parts in hosts.items()}
        self.console = console
        self._phase = ""
        self._began = time.monotonic()
        live = console.is_terminal and not console.is_dumb_terminal and not console.quiet
        self._live = Live(get_renderable=self.view, console=console, refresh_per_second=4) if live else None

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def phase(self, text: str) -> None:
        """The workflow has come to its next part."""
        self._phase = text
        if self._live is None:
            self._print(f"{text} ({time.monotonic() - self._began:.0f} s)")

    def tell(self, text: str) -> None:
        """A line that belongs to no event, as of the lab: above the table, and not into it."""
        self._print(text)

    def event(self, event: Event) -> None:
        """Take one event in and show it."""
        self._count(event)
        text = line(event)
        if text is not None and (
            self._live is None or event.role in _TOLD or event.status in ("failed", "unreachable")
        ):
            self._print(text, style="red" if event.status in ("failed", "unreachable") else None)

    def _print(self, text: str, style: str | None = None) -> None:
        self.console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def _count(self, event: Event) -> None:
        row = self.rows.get(event.host)
        if row is None:
            return
        row.began = row.began or time.monotonic()
        row.ended = None if event.status == "started" else row.ended  # a note may come before the first step
        row.step = event.step if event.status in ("started", "planned") else row.step
        if event.status in ("note", "unreachable") or (event.status == "failed" and not event.step):
            row.ended, row.step = time.monotonic(), event.step or event.error or ""
        row.unreachable = row.unreachable or event.status == "unreachable"
        if event.role:
            cell = row.cells.setdefault(event.role, Cell())
            cell.steps += event.status in ("planned", "ok", "changed", "failed", "skipped")
            cell.changed += bool(event.changed) and event.status in ("planned", "changed")
            cell.failed = cell.failed or event.status == "failed"

    def view(self) -> Group:
        """What the terminal shows now."""
        now = time.monotonic()
        return Group(self.table(now), f"[dim]{now - self._began:.0f} s[/] {escape(self._phase)}")

    def table(self, now: float) -> Table:
        """Hosts by roles."""
        parts = list(dict.fromkeys(part for row in self.rows.values() for part in row.cells))
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("host", *parts, "elapsed", "now"):
            table.add_column(heading, no_wrap=heading != "now", justify="right" if heading == "elapsed" else "left")
        shown = self._shown()
        for host, row in shown.items():
            cells = [row.cells[part].text if part in row.cells else "" for part in parts]
            table.add_row(host, *cells, row.seconds(now), escape(row.step))
        if len(shown) < len(self.rows):
            table.add_row(f"[dim]{len(self.rows) - len(shown)} more[/]")
        return table

    def _shown(self) -> dict[str, Row]:
        """The rows for which the terminal has room: those that have failed or are at work before those that are not."""
        room = max(1, self.console.height - _FRAME_LINES)
        if len(self.rows) <= room:
            return self.rows
        first = sorted(self.rows, key=lambda host: (not self.rows[host].failed, self.rows[host].idle))[:room]
        return {host: row for host, row in self.rows.items() if host in set(first)}


def watching(machines: Sequence[Machine], *, quiet: bool = False) -> Progress:
    """The progress of a run on these machines, on standard error; `quiet` shows nothing at all."""
    hosts = {machine.host.name: (SYSTEM, *(role.role for role in machine.roles)) for machine in machines}
    return Progress(hosts, Console(stderr=True, quiet=quiet))
