"""A plan beside what is now, and beside what a build then did: every difference as a sentence (pure)."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

from builder.models.event import Event
from builder.models.plan import REPAIR, PlannedStep, Tool

LISTED = 6
"""Sentences of one list; a host that is wholly another one would fill pages."""
Key = tuple[str, str, int]
_SYSTEMCTL = re.compile(r"^# systemctl [a-z-]+ ([^\s]+)$", re.MULTILINE)
_HUNK = re.compile(r"@@ -\d+(,\d+)? \+\d+(,\d+)? @@")
_DONE = ("ok", "changed", "failed", "skipped")


def inputs_moved(planned: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Which input files are not those of the plan. The same bytes under another path are the same input."""
    gone = {name: digest for name, digest in planned.items() if name not in now}
    new = {name: digest for name, digest in now.items() if name not in planned}
    for name, digest in list(gone.items()):
        same = next((other for other, theirs in new.items() if theirs == digest), None)
        if same is not None:
            del gone[name], new[same]
    changed = [f"{name} has changed" for name in planned if name in now and planned[name] != now[name]]
    return (
        *changed,
        *(f"{name} is no longer there" for name in gone),
        *(f"{name} is new" for name in new),
    )


def tool_moved(planned: Tool, now: Tool) -> tuple[str, ...]:
    """Whether another pacsmith made the plan."""
    if planned.version != now.version:
        return (f"pacsmith {planned.version} made the plan, and this is {now.version}",)
    return () if planned.code == now.code else (f"pacsmith's own code has changed (both are {now.version})",)


def world_moved(
    host: str, planned: Sequence[PlannedStep], now: Sequence[PlannedStep], *, begun: bool = False
) -> tuple[str, ...]:
    """What is seen on a host now and is not what the plan rests on, step by step. `begun`: a build of this plan was cut
    off, and what it has done of a step, or left of it, moves nothing."""
    was, is_ = _numbered(planned), _numbered(now)
    told = [
        f"{_place(host, key)}: {said}"
        for key in _both(was, is_)
        for said in _moved(was.get(key), is_.get(key))
        if not (begun and _own_doing(was.get(key), is_.get(key)))
    ]
    return tuple(told)


def departures(host: str, planned: Sequence[PlannedStep], events: Iterable[Event]) -> tuple[str, ...]:
    """What a build did on a host that its plan had not said, or had said and was not done. Steps that no plan can
    preview are left out, and so are the differences of those that are not exact. A step that the build did not come to
    is none: the build itself says why it ended."""
    did: dict[Key, Event] = {}
    seen: defaultdict[tuple[str, str], int] = defaultdict(int)
    for event in events:
        if event.host == host and event.step and event.status in _DONE:
            again = event.status == "failed" and event.changed is True  # read again after the run: no step of its own
            if not again:
                did[event.role, event.step, seen[event.role, event.step]] = event
                seen[event.role, event.step] += 1
    meant = _numbered(planned)
    blind = {role for role, _, _ in meant if any(k[0] == role and s.changes is None for k, s in meant.items())}
    told = []
    for key, event in did.items():
        step = meant.get(key)
        if step is None:
            if event.status == "changed" and key[0] not in blind:
                told.append(f"{_place(host, key)}: has changed something, and the plan has no such step")
        elif step.changes is not None and event.status in ("ok", "changed", "skipped"):
            told += [f"{_place(host, key)}: {said}" for said in _departed(step, event)]
    return tuple(told)


def marked(steps: Sequence[PlannedStep]) -> tuple[PlannedStep, ...]:
    """The steps of a host, those after an installation of packages marked as not exact."""
    first = next((place for place, step in enumerate(steps) if installs(step)), len(steps))
    after = (step.model_copy(update={"exact": False}) for step in steps[first + 1 :])
    return (*steps[: first + 1], *after)


def installs(step: PlannedStep) -> bool:
    """Whether the step installs packages: its difference names nothing but what is added."""
    return bool(step.changes) and re.fullmatch(r"(\+ [^\n]+\n?)+", step.diff or "") is not None


def first_of(sentences: Sequence[str]) -> str:
    """A list as one clause: the first of it, and how many more there are."""
    more = f"; and {len(sentences) - LISTED} more" if len(sentences) > LISTED else ""
    return "; ".join(sentences[:LISTED]) + more


def _departed(step: PlannedStep, event: Event) -> Iterable[str]:
    changed = event.status == "changed"
    if changed and not step.changes:
        yield "has changed something, and the plan saw nothing to do"
    elif step.changes and not changed:
        yield "had nothing to do, and the plan saw a change"
    elif changed and step.exact and step.diff != event.diff:
        yield f"has made another change than the plan showed ({_first_difference(step.diff, event.diff)})"


def _moved(was: PlannedStep | None, now: PlannedStep | None) -> Iterable[str]:
    if was is None:
        yield "a step that the plan does not have"
    elif now is None:
        yield "a step of the plan that is no longer there"
    elif was.changes is not None and now.changes is None:
        yield f"can no longer be previewed{f': {now.why}' if now.why else ''}"
    elif was.changes is None and now.changes is not None:
        yield "could not be previewed for the plan, and can now"
    elif was.changes != now.changes:
        yield ("would change something now, and the plan saw nothing to do" if now.changes else
               "has nothing to do any more, and the plan saw a change")  # fmt: skip
    elif was.diff != now.diff:
        yield f"would make another change now ({_first_difference(was.diff, now.diff)})"


def _own_doing(was: PlannedStep | None, now: PlannedStep | None) -> bool:
    """Whether a step is otherwise than planned because a build of the plan was cut off in it or after it."""
    if was is None or now is None:
        return False
    if was.changes is None:
        return True  # nothing was promised of it
    if not was.changes:
        return was.step == REPAIR  # packages that were being installed
    return not now.changes or not was.exact or _is_rest(was.diff or "", now.diff or "")


def _is_rest(whole: str, rest: str) -> bool:
    """Whether a difference is what is left of another: some of its files or packages, or its units, which a restart
    that was cut off may have left stopped."""
    left = Counter(rest.splitlines())
    if left <= Counter(whole.splitlines()):
        return True
    units, others = set(_SYSTEMCTL.findall(rest)), set(_SYSTEMCTL.findall(whole))
    return bool(units) and len(_SYSTEMCTL.findall(rest)) == left.total() and units <= others


def _first_difference(was: str | None, now: str | None) -> str:
    """The first line in which two differences differ; where a difference's parts begin says nothing to a person."""
    pairs = zip_longest(_lines(was), _lines(now))
    old, new = next(((a, b) for a, b in pairs if a != b), (None, None))
    if old is None and new is None:
        return "the same lines, at another place of the file"
    return f"planned {_quoted(old)}, now {_quoted(new)}"


def _lines(diff: str | None) -> list[str]:
    return [line for line in (diff or "").splitlines() if not _HUNK.match(line)]


def _quoted(line: str | None) -> str:
    return "nothing" if line is None else f"{line.strip()!r:.80}"


def _numbered(steps: Sequence[PlannedStep]) -> dict[Key, PlannedStep]:
    """Steps by role, name and, where a name comes twice, its place among them."""
    counted: defaultdict[tuple[str, str], int] = defaultdict(int)
    found = {}
    for step in steps:
        found[step.role, step.step, counted[step.role, step.step]] = step
        counted[step.role, step.step] += 1
    return found


def _both(was: Mapping[Key, PlannedStep], now: Mapping[Key, PlannedStep]) -> Iterable[Key]:
    return dict.fromkeys((*was, *now))


def _place(host: str, key: Key) -> str:
    return f"{host}: {key[0]}: {key[1]}"
