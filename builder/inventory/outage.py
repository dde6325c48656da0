"""What a plan costs those who work with the machines: which service stops, for how long, and who loses what (pure)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from builder.assess.interrupted import Measured, interrupts
from builder.assess.moved import installs
from builder.inventory.quiet import windows_of
from builder.inventory.registry import Grant, grants
from builder.inventory.served import Served, listed
from builder.models.interruption import Interruption, Service
from builder.models.plan import Loss, Outage, PlannedStep, Reboot
from builder.models.site import Host, Peer, Site

Measure = Callable[[Sequence[Interruption]], Measured | None]
_LOSSES: tuple[tuple[str, frozenset[str]], ...] = (
    ("retrieval", frozenset(("find", "move", "get", "qido", "wado"))),
    ("sending", frozenset(("store", "stow", "commit"))),
    ("worklist", frozenset(("worklist",))),
)
"""What people call it, and the granted operations that it is made of."""
_SAID = {
    "retrieval": ("loses retrieval", "lose retrieval"),
    "sending": ("cannot send", "cannot send"),
    "worklist": ("gets no worklist", "get no worklist"),
    "delivery": ("is sent nothing", "are sent nothing"),
}
"""Of one machine, and of several."""
_WEB = frozenset(("qido", "wado", "stow"))
_ALL = frozenset(operation for _, its in _LOSSES for operation in its)


@dataclass(frozen=True)
class Change:
    """An archive that is another one after a plan: whom it served before, and what of that goes for good, as
    clauses."""

    was: Served
    lasting: tuple[str, ...] = ()


def outages(  # noqa: PLR0917 - one fact each
    site: Site, host: Host, steps: Sequence[PlannedStep], known: Sequence[Interruption], measure: Measure,
    change: Change | None = None,
) -> tuple[Outage, ...]:  # fmt: skip
    """The outages that the planned `steps` of `host` bring, by what stops. `known` are its roles' interruptions;
    `measure` says what earlier runs took. A step that nobody can preview may add others: the plan names it."""
    due = [one for one in known if any(_due(one, step) for step in steps)]
    groups = dict.fromkeys(tuple(sorted(one.stops)) for one in due)
    return tuple(
        _outage(site, host, stops, [one for one in due if tuple(sorted(one.stops)) == stops], measure, change)
        for stops in groups
    )


def reboot_of(
    site: Site,
    host: Host,
    steps: Sequence[PlannedStep],
    why: Sequence[str],
    seconds: Callable[[], float | None],
    *,
    serves: Callable[[], bool],
) -> Reboot | None:
    """That `host` may be booted anew after the planned `steps`; None when nothing asks for it, or when only packages
    might and no window allows it. `why` are the reasons that it gives now, `seconds` says how long it took before,
    `serves` is False of one that was never accepted: nobody knows who would lose it."""
    windows = [window.name for window in windows_of(site, host) if window.reboot]
    if not why and not (windows and any(map(installs, steps))):
        return None
    if not windows:
        sentence = (
            f"{host.name} must be booted anew ({'; '.join(why)}), and no window of the site file that says "
            "`reboot: true` lets a build do it"
        )
        return Reboot(host=host.name, allowed=False, why=tuple(why), sentence=sentence)
    took = seconds()
    lost = losses(site, host, ("dicom", "web", "screen")) if serves() else ()
    cause = "; ".join(why) or "if packages that are installed ask for it"
    away = f"AE {name_of(host)} does" if host.ae is not None else "it does"
    long = f" for {about(took)}" if took is not None else " until it is up again"
    told = f"{host.name} may be booted anew in an open window ({', '.join(windows)}): {cause}"
    meanwhile = "; ".join((f"{away} not answer{long}", *map(_said, lost)))
    return Reboot(
        host=host.name, allowed=True, why=tuple(why), seconds=took, losses=lost, sentence=f"{told}; {meanwhile}"
    )


def name_of(end: Host | Peer) -> str:
    """How people at the modalities and stations know a machine: by its AE title, else by its name."""
    return end.ae.title if end.ae is not None else end.name


def away(site: Site, host: Host, seconds: float) -> str:
    """Who loses what while all of `host` is away for so long: what its peers are to be told."""
    lost = losses(site, host, ("dicom", "web", "screen"))
    what: tuple[Service, ...] = ("dicom", "web") if host.host_class == "archive" else ("dicom", "screen")
    return "; ".join((f"{_what(host, what)} for {about(seconds)}", *map(_said, lost)))


def losses(site: Site, host: Host, stops: Sequence[Service], was: Served | None = None) -> tuple[Loss, ...]:
    """Who loses what while services of `host` are away: from the routes to it, and those by which it sends. Nobody
    loses what `was` did not give."""
    every = [
        (name_of(grant.source), _away(grant, stops) & (was.may.get(grant.source.name, frozenset()) if was else _ALL))
        for grant in grants(site, to=host.name)
    ]
    found = [
        Loss(ends=tuple(dict.fromkeys(name for name, lost in every if which & lost)), what=what)
        for what, which in _LOSSES
    ]
    told = {end for loss in found for end in loss.ends}
    if "dicom" in stops:
        given = [grant.target for grant in grants(site, by=host.name) if "store" in grant.may]
        given = [end for end in given if was is None or end.name in was.sent]
        others = tuple(name_of(end) for end in given if name_of(end) not in told)
        found.append(Loss(ends=others, what="delivery"))
    return tuple(loss for loss in found if loss.ends)


def about(seconds: float) -> str:
    """An estimate as people say it: `about 20 s`, `about 3 min`; never less than it is."""
    if seconds < 1:
        return "about a second"
    if seconds <= 10:
        return f"about {math.ceil(seconds)} s"
    if seconds <= 120:
        return f"about {math.ceil(seconds / 5) * 5} s"
    return f"about {math.ceil(seconds / 60)} min"


def _due(one: Interruption, step: PlannedStep) -> bool:
    return step.step == one.step and bool(step.changes) and interrupts(step.diff)


def _outage(  # noqa: PLR0917 - one fact each
    site: Site, host: Host, stops: tuple[Service, ...], due: list[Interruption], measure: Measure, change: Change | None
) -> Outage:
    found = measure(due)
    longest = max(due, key=lambda one: one.seconds)
    seconds = found.seconds if found is not None else longest.seconds
    source = f"measured on {host.name} in run {found.run}" if found is not None else longest.source
    was, lasting = (change.was, change.lasting) if change is not None else (None, ())
    lost = losses(site, host, stops, was)
    away = f"{_what(host, stops, was.title if was else None)} for {about(seconds)}"
    for_good = [f"for good: {'; '.join(lasting)}"] if lasting else []
    return Outage(
        host=host.name, stops=stops, steps=tuple(one.step for one in due), seconds=seconds, source=source, losses=lost,
        sentence="; ".join((away, *_closed(stops), *map(_said, lost), *for_good)),
    )  # fmt: skip


def _what(host: Host, stops: Sequence[Service], title: str | None = None) -> str:
    if "dicom" in stops and (host.ae is not None or "screen" not in stops):
        answering = (
            f"AE {title or name_of(host)} stops answering" if host.ae is not None else f"{host.name} stops answering"
        )
        return f"{answering} and its screen goes dark" if "screen" in stops else answering
    if "web" in stops:
        return f"the web door of {host.name} stops answering"
    return f"the screen of {host.name} goes dark"


def _closed(stops: Sequence[Service]) -> tuple[str, ...]:
    return ("what is open there is closed",) if "screen" in stops else ()


def _said(loss: Loss) -> str:
    return f"{listed(loss.ends)} {_SAID[loss.what][len(loss.ends) > 1]}"


def _away(grant: Grant, stops: Sequence[Service]) -> frozenset[str]:
    """What of a grant goes through a service that is away."""
    return frozenset(one for one in grant.may if ("web" if one in _WEB else "dicom") in stops)
