"""A reading for drift as Prometheus reads it: text exposition format 0.0.4, for node exporter's textfile collector.

What nobody knows has no sample: a host that could not be read has no count of differences, never one of 0.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from builder.models.drift import CONCERNS, HostDrift, SiteDrift

_CAUSES = ("corrective", "intended", "both", "undecided", "due")
Sample = tuple[Mapping[str, str], float]


class _Metric(NamedTuple):
    """`samples` gives the labels beside `site` and `host`, and the value, of one host."""

    name: str
    help: str
    samples: Callable[[HostDrift], Iterable[Sample]]


def _one(value: float | None) -> Iterator[Sample]:
    if value is not None:
        yield {}, value


def _time(moment: datetime | None) -> Iterator[Sample]:
    return _one(None if moment is None else moment.timestamp())


def _told(host: HostDrift) -> bool:
    """Whether the host was held against its acceptance as a whole: otherwise a count would be a guess."""
    missing = {one.subject for one in host.unseen}
    return host.read and host.accepted_run is not None and not missing & {"drift", "facts", "roles"}


def _by_concern(host: HostDrift) -> Iterator[Sample]:
    for concern in CONCERNS if _told(host) else ():
        yield {"concern": concern}, sum(one.concern == concern for one in host.differences)


def _by_cause(host: HostDrift) -> Iterator[Sample]:
    for cause in _CAUSES if _told(host) else ():
        yield {"cause": cause}, sum(one.cause == cause for one in host.differences)


def _oldest(host: HostDrift) -> Iterator[Sample]:
    return _time(min((one.seen for one in host.differences if one.seen is not None), default=None))


_METRICS = (
    _Metric("pacsmith_drift_host_readable", "Whether the host could be read (1) or not (0).",
            lambda host: _one(float(host.read))),
    _Metric("pacsmith_drift_host_as_accepted",
            "1 when all is as it was accepted; 0 when something differs or could not be seen.",
            lambda host: _one(float(host.state == "as accepted"))),
    _Metric("pacsmith_drift_differences", "What differs from what was accepted, by what it is about.", _by_concern),
    _Metric("pacsmith_drift_differences_by_cause", "What differs from what was accepted, by who moved.", _by_cause),
    _Metric("pacsmith_drift_unknown", "Things that were known at acceptance and could not be seen.",
            lambda host: _one(len(host.unseen))),
    _Metric("pacsmith_drift_steps", "Steps of the host's roles.",
            lambda host: _one(host.steps if _told(host) else None)),
    _Metric("pacsmith_drift_steps_seen", "Steps of the host's roles that a reading could judge.",
            lambda host: _one(host.seen if _told(host) else None)),
    _Metric("pacsmith_drift_oldest_difference_timestamp_seconds", "When the oldest difference was seen first.",
            _oldest),
    _Metric("pacsmith_drift_accepted_timestamp_seconds", "When the host was accepted.",
            lambda host: _time(host.accepted_at)),
    _Metric("pacsmith_certificate_end_timestamp_seconds", "When the host's certificate ends.",
            lambda host: _time(host.ends)),
)  # fmt: skip


def prometheus_text(found: SiteDrift) -> str:
    """All metrics of one reading."""
    at = "pacsmith_drift_last_reading_timestamp_seconds"
    lines = [*_head(at, "When the hosts were read last."), _sample(at, {"site": found.site}, found.at.timestamp())]
    for metric in _METRICS:
        its = [
            _sample(metric.name, {"site": found.site, "host": host.host, **labels}, value)
            for host in found.hosts
            for labels, value in metric.samples(host)
        ]
        lines += [*_head(metric.name, metric.help), *its] if its else []
    return "\n".join(lines) + "\n"


def _head(name: str, text: str) -> tuple[str, str]:
    escaped = text.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {name} {escaped}", f"# TYPE {name} gauge"


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    inner = ",".join(f'{label}="{_escaped(said)}"' for label, said in labels.items())
    return f"{name}{{{inner}}} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
