"""What systemd says of a unit and what must be done to it (pure)."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """ActiveState and UnitFileState in systemd's words; `stale` when the unit file is newer than systemd's copy."""

    name: str
    state: str = "inactive"
    file_state: str = ""
    stale: bool = False


_PROPERTIES = "ActiveState,UnitFileState,NeedDaemonReload"
_VERBS = ("disable", "enable", "stop", "start", "restart", "reload-or-restart")
_SETTLED = ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated", "transient")


def show_script(units: Sequence[str]) -> str:
    """Shell text that prints the properties of each unit, an empty line between two."""
    return f"systemctl show -p {_PROPERTIES} -- {shlex.join(units)}"


def parse_units(units: Sequence[str], output: str) -> dict[str, Unit]:
    """What `show_script` printed, by unit name."""
    found = {}
    for name, block in zip(units, output.strip().split("\n\n"), strict=True):
        said = dict(line.partition("=")[::2] for line in block.splitlines())
        found[name] = Unit(
            name,
            said.get("ActiveState", "inactive"),
            said.get("UnitFileState", ""),
            said.get("NeedDaemonReload") == "yes",
        )
    return found


def wanted_verbs(unit: Unit, *, enabled: bool, running: bool, restart: bool, reload: bool) -> tuple[str, ...]:
    """What systemctl must do to the unit. A reload that cannot be done becomes a restart, by systemctl's own word."""
    verbs = []
    if enabled and unit.file_state not in _SETTLED:
        verbs.append("enable")
    if not enabled and unit.file_state in ("enabled", "enabled-runtime"):
        verbs.append("disable")
    up = unit.state in ("active", "activating", "reloading")
    if not running:
        return (*verbs, "stop") if up else tuple(verbs)
    if restart:
        verbs.append("restart")
    elif not up:
        verbs.append("start")
    elif reload:
        verbs.append("reload-or-restart")
    return tuple(verbs)


def brought_by_package(found: Mapping[str, Unit], verbs: Mapping[str, Sequence[str]]) -> bool:
    """Whether nothing is left to do but to enable units, one of which is not there yet: a Debian package mostly enables
    its own, so nobody can say before it comes whether that will still be to do. Both by unit name."""
    left = {verb for wanted in verbs.values() for verb in wanted}
    return left == {"enable"} and any(verbs[name] and not unit.file_state for name, unit in found.items())


def systemctl_lines(verbs: Mapping[str, Sequence[str]]) -> list[str]:
    """One systemctl call a verb for all its units (by unit name): each `enable` makes systemd read all units again."""
    grouped = {verb: [unit for unit, wanted in verbs.items() if verb in wanted] for verb in _VERBS}
    return [
        f"systemctl {verb}{' --quiet' if verb in ('enable', 'disable') else ''} {shlex.join(units)}"
        for verb, units in grouped.items()
        if units
    ]
