"""What a host is now, held against what it was when it was accepted: what differs, what nobody can tell (pure)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from builder.assess.concern import gravest, of_fact, of_step
from builder.assess.outliers import value_of
from builder.models.drift import Cause, Difference, Unseen
from builder.models.fact import Fact
from builder.models.finding import Finding
from builder.models.plan import PlannedStep

RESTLESS = (
    "clock.offset", "disk.*.free", "drives.*.hours", "drives.*.temperature", "drives.*.wear", "gpu.temperature",
    "gpus.*.temperature", "network.archive.*", "orthanc.memory", "postgresql.latency", "postgresql.size",
)  # fmt: skip
"""Facts that change while nobody changes anything: they are measurements of a moment."""
_EACH = ("displays.", "drives.", "gpus.", "memory.slot.", "network.", "port.tcp.")
"""One for each thing that was found: a new one is a new thing, and not a fact that pacsmith learned to read."""
_FEW = 3  # facts of one thing that are told one by one
_LONG = 160  # characters of a value
ABSENT = "not there"


class Compared(NamedTuple):
    """`number` things were compared; what differs, and what cannot be told."""

    number: int
    differences: tuple[Difference, ...]
    unseen: tuple[Unseen, ...]


def steps_drifted(
    host: str, steps: Sequence[PlannedStep], causes: Mapping[tuple[str, str], Cause], otherwise: Cause
) -> Compared:
    """Steps of a dry run that would change something. `causes` by role and step; `otherwise` for those not in it."""
    found = [
        Difference(
            host=host, kind="step", subject=f"{step.role}: {step.step}", concern=of_step(step.step, step.diff),
            cause=causes.get((step.role, step.step), otherwise), accepted="nothing to do",
            now=_brief(step.diff) or "a build would do it again", diff=step.diff,
        )
        for step in steps if step.changes
    ]  # fmt: skip
    return Compared(sum(step.changes is not None for step in steps), _once(found), ())


def steps_done(host: str, steps: Sequence[PlannedStep], accepted: Sequence[PlannedStep] | None) -> Compared:
    """What was done to a host since its acceptance, and not accepted: steps that would change something with the
    variables of its acceptance (`accepted`, a dry run; None where nobody can tell), and nothing with the present ones.
    The site was changed, and the machine already is as it says now."""
    due = {(step.role, step.step) for step in steps if step.changes}
    found = [
        Difference(
            host=host, kind="step", subject=f"{step.role}: {step.step}", concern=of_step(step.step, step.diff),
            cause="intended", accepted=_brief(step.diff) or "otherwise",
            now="as the site says now: it was done since, and nobody has accepted it", diff=step.diff,
        )
        for step in accepted or () if step.changes and (step.role, step.step) not in due
    ]  # fmt: skip
    return Compared(0, _once(found), ())


def facts_drifted(host: str, accepted: Mapping[str, Fact], now: Mapping[str, Fact]) -> Compared:
    """Facts that were known then. One that was not read then is no drift when it is now."""
    number, changed, unseen = 0, [], []
    for name, was in accepted.items():
        if was.error is not None or any(fnmatchcase(name, pattern) for pattern in RESTLESS):
            continue
        number += 1
        fact = now.get(name)
        if fact is not None and fact.error is not None:
            unseen.append(Unseen(host=host, subject=name, why=fact.error))
        elif fact is None and not name.startswith(_EACH):
            unseen.append(Unseen(host=host, subject=name, why="nobody asks for it any more"))
        elif _told(was) != _told(fact):
            changed.append((name, _told(was), _told(fact)))
    changed += [
        (name, ABSENT, _told(fact)) for name, fact in now.items()
        if name not in accepted and name.startswith(_EACH) and fact.error is None and not fact.absent
        and not any(fnmatchcase(name, pattern) for pattern in RESTLESS)
    ]  # fmt: skip
    return Compared(number, tuple(_things(host, changed)), tuple(unseen))


def requirements_drifted(host: str, met: Iterable[str], findings: Iterable[Finding], *, moved: bool) -> Compared:
    """Requirements that were met or waived then (`met`, as `requirement_key` names them) and are short now, or
    cannot be told. `moved`: sheets, site or calibration reports are others now."""
    known, found, unseen = frozenset(met), [], []
    number = 0
    for one in findings:
        if requirement_key(one.product, one.requirement) not in known:
            continue
        number += 1
        subject = f"{one.product}: {one.requirement}"
        if one.verdict == "short":
            facts = [lack.fact for lack in one.lacks if not lack.wish]
            concern = gravest([of_fact(fact) for fact in facts]) if facts else "machine"
            cause: Cause = "undecided" if moved else "due" if concern == "grey calibration" else "corrective"
            found.append(
                Difference(host=host, kind="requirement", subject=subject, concern=concern, cause=cause,
                           accepted=f"met: {one.expected}"[:_LONG], now=one.sentence[:_LONG])
            )  # fmt: skip
        elif one.verdict == "unknown":
            unseen.append(Unseen(host=host, subject=subject, why=one.sentence))
    return Compared(number, _once(found), tuple(unseen))


def requirement_key(product: str, requirement: str) -> str:
    """How a requirement is known from one reading to the next: its sheet's title may be worded anew."""
    return f"{product}: {requirement}"


def together(parts: Iterable[Compared]) -> Compared:
    """Several comparisons of one host as one."""
    every = list(parts)
    return Compared(
        sum(one.number for one in every),
        tuple(item for one in every for item in one.differences),
        tuple(item for one in every for item in one.unseen),
    )


def _told(fact: Fact | None) -> str:
    return ABSENT if fact is None or fact.absent else value_of(fact)


def _things(host: str, changed: Sequence[tuple[str, str, str]]) -> Iterator[Difference]:
    """A display that was swapped differs in a dozen facts, and is one thing."""
    things: defaultdict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for name, was, now in changed:
        each = name.startswith(_EACH) and name.count(".") >= 2 and not name.startswith("port.")
        things[".".join(name.split(".")[: 3 if name.startswith("memory.") else 2]) if each else name].append(
            (name, was, now)
        )
    for thing, its in things.items():
        if len(its) <= _FEW:
            for name, was, now in its:
                yield _fact(host, name, was, now)
        else:
            gone = all(now == ABSENT for _, _, now in its)
            new = all(was == ABSENT for _, was, _ in its)
            yield _fact(host, thing, ABSENT if new else _row(thing, its, 1), ABSENT if gone else _row(thing, its, 2))


def _row(thing: str, its: Sequence[tuple[str, str, str]], side: int) -> str:
    return ", ".join(f"{one[0].removeprefix(thing + '.')} {one[side]}" for one in sorted(its))


def _fact(host: str, name: str, was: str, now: str) -> Difference:
    return Difference(host=host, kind="fact", subject=name, concern=of_fact(name), cause="corrective",
                      accepted=was[:_LONG], now=now[:_LONG])  # fmt: skip


def _brief(diff: str | None) -> str:
    """The first line of a difference that says something: what the host has, else what it lacks, else what a build
    would do about it."""
    lines = [line for line in (diff or "").splitlines() if line[:1] in "-+#(" and not line.startswith(("---", "+++"))]
    if not lines:
        return ""
    telling = [line for line in lines if any(map(str.isalnum, line))] or lines
    first = next((line for line in telling if not line.startswith("+")), telling[0])
    said = {"-": "has ", "+": "lacks ", "#": "a build would: "}.get(first[0], "") + first.lstrip("-+#").strip()
    kinds = [line[0] for line in lines]
    more = max(kinds.count("-"), kinds.count("+")) + kinds.count("#") + kinds.count("(") - 1
    return said[:_LONG] + (f" (and {more} more line{'s' if more > 1 else ''})" if more else "")


def _once(found: Iterable[Difference]) -> tuple[Difference, ...]:
    """A name that comes twice in a role is counted, so that each has a key of its own."""
    seen: defaultdict[str, int] = defaultdict(int)
    told = []
    for one in found:
        seen[one.key] += 1
        again = seen[one.key] > 1
        told.append(one.model_copy(update={"subject": f"{one.subject} ({seen[one.key]})"}) if again else one)
    return tuple(told)
