"""Count events into the result of a job (pure)."""

from collections.abc import Mapping, Sequence

from builder.models.base import Model
from builder.models.event import Event

_DONE = ("planned", "ok", "changed", "failed", "skipped")


class JobResult(Model):
    """What came of a job. `changed` counts, by host, the steps that changed something (of a plan: that would).

    `steps` and `previewable` count over all hosts; their ratio is the coverage of a plan. `reasons` are sentences.
    """

    ok: bool
    changed: Mapping[str, int]
    failed: tuple[str, ...] = ()
    unreachable: tuple[str, ...] = ()
    steps: int = 0
    previewable: int = 0
    reasons: tuple[str, ...] = ()

    @property
    def coverage(self) -> float:
        """Share of steps whose effect a plan can show, 0 to 1; 1 when there is no step."""
        return self.previewable / self.steps if self.steps else 1.0


def merged(results: Sequence[JobResult]) -> JobResult:
    """What came of several jobs together: a host's changes are added up, and each host is named once."""
    changed: dict[str, int] = {}
    for result in results:
        for host, count in result.changed.items():
            changed[host] = changed.get(host, 0) + count
    return JobResult(
        ok=all(result.ok for result in results),
        changed=changed,
        failed=tuple(dict.fromkeys(host for result in results for host in result.failed)),
        unreachable=tuple(dict.fromkeys(host for result in results for host in result.unreachable)),
        steps=sum(result.steps for result in results),
        previewable=sum(result.previewable for result in results),
        reasons=tuple(reason for result in results for reason in result.reasons),
    )


class Tally:
    """Fed with every event; `result` says what came of it."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._changed = dict.fromkeys(hosts, 0)
        self._failed: dict[str, None] = {}
        self._unreachable: dict[str, None] = {}
        self._steps = self._previewable = 0
        self._reasons: list[str] = []

    def count(self, event: Event) -> None:
        """Take one event in."""
        if event.step and event.status in _DONE:
            self._steps += 1
            self._previewable += event.previewable
            if event.changed and event.status in ("planned", "changed"):
                self._changed[event.host] = self._changed.get(event.host, 0) + 1
        if event.status in ("failed", "unreachable"):
            (self._failed if event.status == "failed" else self._unreachable)[event.host] = None
            place = " | ".join(part for part in (event.host, event.role, event.step) if part)
            self._reasons.append(
                event.error if event.status == "unreachable" and event.error else f"{place}: {event.error}"
            )

    def fault(self, hosts: Sequence[str], sentence: str) -> None:
        """The engine itself went wrong: these hosts are not done."""
        self._failed.update(dict.fromkeys(host for host in hosts if host not in self._unreachable))
        self._reasons.append(sentence)

    def result(self) -> JobResult:
        """The sum."""
        return JobResult(
            ok=not (self._failed or self._unreachable or self._reasons),
            changed=self._changed,
            failed=tuple(self._failed),
            unreachable=tuple(self._unreachable),
            steps=self._steps,
            previewable=self._previewable,
            reasons=tuple(self._reasons),
        )
