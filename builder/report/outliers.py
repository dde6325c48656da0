"""The one of many machines that differs: from what the ledger knows, and as a table for a terminal."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group as Lines
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from builder.assess.outliers import Group, compare, facts_recorded
from builder.errors import BadInput
from builder.ledger import Ledger
from builder.models.fact import Fact
from builder.models.site import Site


def last_read(site: Site, ledger: Ledger) -> tuple[tuple[Group, ...], dict[str, datetime | None]]:
    """The site's hosts compared as they were last read, and when each was; None for one that never was.

    Raises BadInput when the ledger holds a fact that is none.
    """
    facts: dict[str, dict[str, Fact]] = {}
    when: dict[str, datetime | None] = {}
    for host in site.hosts:
        state = ledger.host_state(site.name, host.name)
        when[host.name] = state.updated if state is not None and state.facts else None
        try:
            facts[host.name] = facts_recorded(state.facts) if state is not None else {}
        except ValueError:
            raise BadInput(f"{host.name}: the ledger's facts cannot be read; run pacsmith verify again") from None
    return compare((host, facts[host.name]) for host in site.hosts), when


def outlier_tables(groups: Sequence[Group], unread: str) -> Lines:
    """A heading and what was found for each group, in words; a table where something differs. `unread`: what to do
    about a host of which nothing was read, as a clause."""
    parts: list[RenderableType] = []
    for group in groups:
        parts += [Text(heading(group, unread), style="bold"), *_found(group), Text()]
    return Lines(*parts)


def heading(group: Group, unread: str) -> str:
    """Which hosts, and whether they are alike; which of them were not read, and what to do (`unread`)."""
    was = "was" if len(group.silent) == 1 else "were"
    silent = f"{', '.join(group.silent)} {was} not read: {unread}" if group.silent else ""
    if len(group.hosts) == 1:
        only = f"{group.hosts[0]} is the only one of its kind here; there is nothing to compare it with"
        return f"{group.title}: {silent or only}"
    return f"{group.title}: {len(group.hosts)} hosts, {_alike(group)}" + (f"; {silent}" if silent else "")


def _alike(group: Group) -> str:
    if len(group.hosts) - len(group.silent) < 2:
        return "and it takes two that were read to compare"
    if not group.compared:
        return "and nothing is known of two of them"
    if group.same:
        open_ = f"; {len(group.unread)} facts unknown on one or more" if group.unread else ""
        return f"alike in {group.compared} facts{open_}"
    differing = len({one.fact for one in group.outliers}) + len(group.splits)
    return f"{group.compared} facts compared, {differing} differ"


def _found(group: Group) -> list[RenderableType]:
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for column in ("host", "what", "here", "usual", "shared by"):
        table.add_column(column, overflow="fold")
    for one in group.outliers:
        shared = f"{one.sharing} of {one.known}"
        table.add_row(*map(Text, (one.host, f"{one.meaning} ({one.fact})", one.value, one.usual, shared)))
    for split in group.splits:
        for value, hosts in split.values.items():
            row = (", ".join(hosts), f"{split.meaning} ({split.fact})", value, "differs, no majority", "")
            table.add_row(*map(Text, row))
    if len(group.hosts) > 1:
        for item in group.unread:
            row = (item.host, f"{item.meaning} ({item.fact})", f"unknown: {item.why}", "", "")
            table.add_row(*map(Text, row), style="dim")
    return [table] if table.row_count else []
