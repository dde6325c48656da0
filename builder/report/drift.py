"""A reading for drift as a terminal shows it: what matters most first, and a line for each host."""

from collections.abc import Iterator
from datetime import datetime

from rich.table import Table
from rich.text import Text

from builder.models.drift import Difference, HostDrift, SiteDrift
from builder.report.terminal import plain_table

_FEW = 3  # things unknown for one reason that are told one by one
_COLOURS = {"drift": "bold red", "unknown": "yellow", "unreachable": "yellow", "as accepted": "green"}
_CAUSES = {
    "corrective": "corrective: the machine was changed",
    "intended": "intended: the site was changed",
    "both": "both: the machine and the site were changed",
    "undecided": "undecided: the machine, or the site, its secrets or roles",
    "due": "due: time has passed",
}


def drift_table(found: SiteDrift) -> Table:
    """Every difference: what it is about, where, what was and is, why, and since when."""
    table = plain_table("about", "host", "what", "accepted", "now", "cause", "since (UTC)")
    for one in found.differences:
        colour = "red" if one.cause in ("corrective", "both") else "yellow"
        table.add_row(
            Text(one.concern, style=colour),
            *map(Text, (one.host, one.subject, one.accepted, one.now, one.cause, since(one))),
        )
    return table


def host_lines(found: SiteDrift) -> Iterator[Text]:
    """One line a host, with its state; what could not be seen below it."""
    width = max((len(host.host) for host in found.hosts), default=0)
    for host in found.hosts:
        yield Text(f"{host.host:{width}}  {said(host)}", style=_COLOURS[host.state])
        for subjects, why in _unknown(host):
            yield Text(f"{'':{width}}  unknown: {subjects}: {why}")


def _unknown(host: HostDrift) -> Iterator[tuple[str, str]]:
    """What could not be seen, and why; many things for one reason are told as one."""
    by_why: dict[str, list[str]] = {}
    for missing in host.unseen:
        by_why.setdefault(missing.why, []).append(missing.subject)
    for why, subjects in by_why.items():
        if len(subjects) > _FEW:
            yield f"{', '.join(subjects[:_FEW])} and {len(subjects) - _FEW} more", why
        else:
            yield from ((subject, why) for subject in subjects)


def said(host: HostDrift) -> str:
    """What became of one host, in words."""
    if not host.read:
        return "unreachable: whether it has drifted is unknown"
    what = {
        "drift": f"{len(host.differences)} differ{'s' if len(host.differences) == 1 else ''}",
        "unknown": "no difference found, but not all could be seen",
        "as accepted": "as accepted",
    }[host.state]
    accepted = f" (accepted {minute(host.accepted_at)} UTC, run {host.accepted_run})" if host.accepted_at else ""
    blind = f", {len(host.blind)} of which no reading can judge" if host.blind else ""
    return f"{what}{accepted}; {host.steps} steps{blind}, {host.facts} facts compared"


def legend(found: SiteDrift) -> Iterator[str]:
    """The causes that occur, in words."""
    for cause, words in _CAUSES.items():
        if any(one.cause == cause for one in found.differences):
            yield words


def since(one: Difference) -> str:
    """When it began, as far as readings tell: between the last one without it and the first one with it."""
    if one.seen is None:
        return ""
    if one.after is None:
        return f"seen {minute(one.seen)}"
    same_day = one.after.date() == one.seen.date()
    return f"{minute(one.after)} to {one.seen:%H:%M}" if same_day else f"{minute(one.after)} to {minute(one.seen)}"


def minute(moment: datetime) -> str:
    """A moment to the minute."""
    return f"{moment:%Y-%m-%d %H:%M}"
