"""What a person sees while a run runs."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from builder.cli.progress import Progress, line
from builder.models.event import Event


def event(status: str, **more: object) -> Event:
    data = {"run": "r", "at": datetime.now(UTC), "host": "arc", "role": "baseline", "step": "Load the [firewall]"}
    return Event.model_validate({**data, "status": status, **more})


def watched(*, terminal: bool, height: int = 30, hosts: int = 1) -> tuple[Progress, io.StringIO]:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=120, height=height, _environ={"TERM": "xterm"})
    names = ["arc", *(f"host{number:02}" for number in range(1, hosts))]
    return Progress({name: ("system", "baseline") for name in names}, console), out


def shown(progress: Progress) -> str:
    out = io.StringIO()
    Console(file=out, width=120, color_system=None).print(progress.view())
    return out.getvalue()


@pytest.mark.parametrize(
    ("status", "more", "expected"),
    [
        ("changed", {"duration": 2.04, "changed": True}, "arc: baseline: Load the [firewall]: changed (2.0 s)"),
        ("failed", {"error": "nft: no"}, "arc: baseline: Load the [firewall]: FAILED: nft: no"),
        ("unreachable", {"error": "arc (192.0.2.1): away"}, "UNREACHABLE: arc (192.0.2.1): away"),
        ("note", {"step": "3 steps read again"}, "arc: 3 steps read again"),
        ("ok", {}, None),
        ("started", {}, None),
        ("planned", {"changed": True}, None),
    ],
)
def test_plain_lines(status: str, more: dict[str, object], expected: str | None) -> None:
    assert line(event(status, **more)) == expected


def test_without_a_terminal_there_are_lines_and_no_escape_codes() -> None:
    progress, out = watched(terminal=False)
    with progress:
        progress.phase("converge")
        progress.event(event("changed", changed=True, duration=1.0))
    assert out.getvalue() == "converge (0 s)\narc: baseline: Load the [firewall]: changed (1.0 s)\n"


def test_the_table_has_hosts_roles_and_the_present_step() -> None:
    progress, _ = watched(terminal=True)
    progress.event(event("changed", step="Run chrony", changed=True))
    progress.event(event("started"))
    text = shown(progress)
    assert "1 step, 1 changed" in text
    assert "Load the [firewall]" in text
    progress.event(event("failed", error="no"))
    assert "failed" in shown(progress)


def test_a_failure_stays_readable_above_the_table() -> None:
    progress, out = watched(terminal=True)
    with progress:
        progress.event(event("failed", error="nft: no"))
    assert "FAILED: nft: no" in out.getvalue()


def test_many_hosts_do_not_outgrow_the_terminal() -> None:
    """Those that have failed or are at work are shown first."""
    progress, _ = watched(terminal=True, height=10, hosts=50)
    progress.event(event("started", host="host40"))
    progress.event(event("unreachable", host="host45", role="", step="", error="away"))
    text = shown(progress)
    assert len(text.splitlines()) <= 10
    assert "host40" in text
    assert "host45" in text
    assert "44 more" in text


def test_quiet_is_quiet() -> None:
    out = io.StringIO()
    with Progress({"arc": ("system",)}, Console(file=out, quiet=True, force_terminal=True)) as progress:
        progress.phase("converge")
        progress.event(event("failed", error="x"))
    assert out.getvalue() == ""
