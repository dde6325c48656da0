"""What a burn-in has shown of a host: results and counters -> verdicts. Pure. Unknown is never met."""

from collections.abc import Sequence
from typing import NamedTuple

from builder.models.evidence import Verdict
from builder.models.quantity import shown
from builder.probes.burn_in_result import DiskTest, Drawing, Stress
from builder.probes.burn_in_watch import Drive, Watch

IMAGES = "an image comes from the archive and is shown, again and again, under full load"
BENEATH = "whoever runs the machine beneath: sensors and error counters are there, not on this host"
_OWNER = "whoever looks after the machine: its management controller, or a sensor driver, can tell"
_LISTED = 5


class Judged(NamedTuple):
    """One answer of a burn-in, as evidence wants it."""

    what: str
    expected: str
    observed: str
    verdict: Verdict
    attest: str | None = None
    raw: str = ""
    qualified: str | None = None


def unknown(what: str, expected: str, why: str, raw: str = "") -> Judged:
    """A part that did not come to a result."""
    return Judged(what, expected, why, "unknown", raw=raw)


def stress(what: str, result: Stress, raw: str, *, container: bool) -> Judged:
    """Processor or memory under stress-ng, whose checks compare every result."""
    expected = f"every result of the {what} right under full load"
    if result.wrong or result.faults:
        told = _listed(result.faults) or "stress-ng counts a failed check"
        return Judged(what, expected, f"wrong results: {told}", "short", raw=raw)
    told = f"{result.operations} operations checked in {_time(result.seconds)}"
    if container:
        return Judged(what, expected, f"{told}, on the machine beneath a container", "met", raw=raw)
    return Judged(what, expected, told, "met", raw=raw)


def disk(result: DiskTest, directory: str, raw: str) -> Judged:
    """The disk below a directory under fio."""
    expected = f"what is written to the disk of {directory} is read back the same"
    amounts = f"{shown(result.written, 'bytes')} written and {shown(result.read, 'bytes')} read back"
    if result.corrupt:
        return Judged("disk", expected, f"other data came back than was written, after {amounts}", "short", raw=raw)
    if result.error:
        return Judged("disk", expected, f"error {result.error} after {amounts}", "short", raw=raw)
    if result.direct:
        return Judged("disk", expected, amounts, "met", raw=raw)
    cached = "read through the memory: the filesystem takes no direct access"
    return Judged("disk", expected, f"{amounts}, {cached}", "met", raw=raw, qualified=cached)


def graphics(result: Drawing, raw: str) -> Judged:
    """The graphics card under glmark2."""
    expected = "the graphics card draws without a wrong picture"
    told = (
        f"{result.renderer}: {min(result.rates)} to {max(result.rates)} frames a second in {len(result.rates)} scenes"
    )
    if result.by_software:
        return Judged("graphics", expected, f"the processor draws instead of the card ({told})", "short", raw=raw)
    if result.wrong:
        return Judged("graphics", expected, f"wrong picture in {_listed(result.wrong)} ({told})", "short", raw=raw)
    if not result.right:
        return Judged("graphics", expected, f"no picture could be checked ({told})", "unknown", raw=raw)
    return Judged("graphics", expected, f"{told}, {result.right} pictures checked", "met", raw=raw)


def images(seconds: Sequence[float], failures: Sequence[str]) -> Judged:
    """The loop of fetching an image from the archive and showing it."""
    expected = IMAGES
    told = f"{len(seconds)} shown"
    if seconds:
        told += f", first image after {min(seconds):.1f} to {max(seconds):.1f} s"
    if failures:
        why = _listed(list(dict.fromkeys(failures)))
        return Judged("images", expected, f"{told}, {len(failures)} failed: {why}", "short")
    if not seconds:
        return unknown("images", expected, "none was shown in the time")
    return Judged("images", expected, told, "met")


def temperature(watch: Watch, *, virtual: bool) -> Judged:
    """The range of each sensor, and whether one reached the limit that it states itself."""
    expected = "every sensor below its critical limit"
    if not watch.ranges:
        return Judged("temperature", expected, "unknown: no sensor", "unknown", attest=BENEATH if virtual else _OWNER)
    told = [
        f"{sensor} {low:.0f} to {high:.0f} °C" + (f" (limit {limit:.0f})" if limit is not None else "")
        for sensor, (low, high, limit) in sorted(watch.ranges.items())
    ]
    over = [sensor for sensor, (_, high, limit) in sorted(watch.ranges.items()) if limit is not None and high >= limit]
    if over:
        return Judged("temperature", expected, f"limit reached: {', '.join(over)}; {'; '.join(told)}", "short")
    if all(limit is None for _, _, limit in watch.ranges.values()):
        said = f"{'; '.join(told)}; no sensor states its limit"
        return Judged("temperature", expected, said, "unknown", attest="whoever knows the limits of this machine")
    return Judged("temperature", expected, "; ".join(told), "met")


def throttling(watch: Watch, *, virtual: bool) -> Judged:
    """Whether processor or graphics card had to slow down."""
    expected = "nothing slowed down by heat"
    first, last = watch.first, watch.last
    if watch.slowed:
        return Judged("throttling", expected, f"slowed down: {', '.join(sorted(watch.slowed))}", "short")
    if first is None or last is None or first.throttled is None or last.throttled is None:
        why = "the processor counts no throttling here"
        return Judged("throttling", expected, why, "unknown", attest=BENEATH if virtual else _OWNER)
    more = last.throttled - first.throttled
    return Judged("throttling", expected, f"{more} times" if more else "not once", "short" if more else "met")


def memory_errors(watch: Watch, *, virtual: bool) -> Judged:
    """The memory controller's own counts (EDAC): a corrected error counts, too, for it was caused by this load."""
    expected = "no error counted by the memory controller"
    first, last = watch.first, watch.last
    if first is None or last is None or None in (first.corrected, last.corrected, first.uncorrected, last.uncorrected):
        why = "the kernel knows no memory controller that counts errors"
        return Judged("memory errors", expected, why, "unknown", attest=BENEATH if virtual else _OWNER)
    corrected = (last.corrected or 0) - (first.corrected or 0)
    uncorrected = (last.uncorrected or 0) - (first.uncorrected or 0)
    verdict: Verdict = "short" if corrected or uncorrected else "met"
    return Judged("memory errors", expected, f"{corrected} corrected, {uncorrected} uncorrected", verdict)


def kernel(complaints: Sequence[str] | None, *, container: bool) -> Judged:
    """The kernel's log since the load began: machine checks, drives, buses, out of memory. None: it was not read."""
    expected = "no fault in the kernel's log"
    if container:
        why = "a container does not see the kernel's log"
        return Judged("kernel", expected, why, "unknown", attest=BENEATH)
    if complaints is None:
        return unknown("kernel", expected, "the journal could not be read")
    if complaints:
        return Judged("kernel", expected, _listed(complaints), "short", raw="\n".join(complaints))
    return Judged("kernel", expected, "none", "met")


def drives(before: Sequence[Drive], after: Sequence[Drive], why_not: str, *, virtual: bool) -> Judged:
    """The drives' own fault counts before and after. `why_not`: why there are none."""
    expected = "no drive counts a new fault"
    if not before or len(before) != len(after):
        return Judged("drives", expected, why_not, "unknown", attest=BENEATH if virtual else
                      "whoever looks after the machine: smartmontools on it would tell")  # fmt: skip
    faults = []
    for old, new in zip(before, after, strict=True):
        faults += [f"{new.name} fails its own test"] if new.healthy is False else []
        faults += [f"{new.name}: {count - old.counts.get(kind, 0)} more {kind}" for kind, count in new.counts.items()
                   if count > old.counts.get(kind, 0)]  # fmt: skip
    if faults:
        return Judged("drives", expected, "; ".join(faults), "short")
    kept = [f"{one.name}: {count} {kind}, as before" for one in after for kind, count in one.counts.items() if count]
    return Judged("drives", expected, "; ".join(kept) or f"none on {', '.join(one.name for one in after)}", "met")


def services(watch: Watch, *, container: bool) -> Judged:
    """Whether the host's own services and its memory held out."""
    expected = "no service fails and nothing is ended for want of memory"
    first, last = watch.first, watch.last
    if first is None or last is None:
        return unknown("services", expected, "the host could not be watched")
    faults = ["the machine started again"] if first.started != last.started else []
    faults += [f"{unit} failed" for unit in sorted(last.failed - first.failed)]
    # In a container this counter is the machine beneath's, where others are at work.
    if not container and first.killed is not None and last.killed is not None and last.killed > first.killed:
        faults.append(f"{last.killed - first.killed} processes ended for want of memory")
    if faults:
        return Judged("services", expected, "; ".join(faults), "short")
    before = f", {_listed(sorted(first.failed))} had failed before" if first.failed else ""
    return Judged("services", expected, f"none in {watch.looks} looks{before}", "met")


def left_as_found(installed: Sequence[str], left: Sequence[str]) -> Judged:
    """Whether everything that the burn-in brought is gone again."""
    expected = "what the burn-in brought is removed"
    if left:
        return Judged("left as found", expected, f"still there: {_listed(left)}", "short")
    told = f"{len(installed)} packages installed and removed again" if installed else "nothing had to be installed"
    return Judged("left as found", expected, told, "met", raw="\n".join(installed))


def _listed(items: Sequence[str]) -> str:
    more = len(items) - _LISTED
    return "; ".join(items[:_LISTED]) + (f"; and {more} more" if more > 0 else "")


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
