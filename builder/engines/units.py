"""What systemd says of a unit and what must be done to it (pure)."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """ActiveState and UnitFileState in systemd's words; `stale` when the unit file is newer than systemd's copy."""

    name: str
    state: str = "inactive"
    file_state: str = ""
    stale: bool = False
    job: bool = False


_PROPERTIES = "ActiveState,UnitFileState,NeedDaemonReload,Type"
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
            said.get("Type") == "oneshot",
        )
    return found


def wanted_actions(unit: Unit, *, enabled: bool, running: bool, restart: bool, reload: bool) -> list[str]:
    """systemctl commands, in order. A reload that cannot be done becomes a restart, by systemctl's own word."""
    name, actions = shlex.quote(unit.name), []
    if enabled and unit.file_state not in _SETTLED:
        actions.append(f"systemctl enable --quiet {name}")
    if not enabled and unit.file_state in ("enabled", "enabled-runtime"):
        actions.append(f"systemctl disable --quiet {name}")
    up = unit.state in ("active", "activating", "reloading")
    if not running:
        return [*actions, f"systemctl stop {name}"] if up else actions
    if restart or not up:
        actions.append(f"systemctl {'restart' if restart else 'start'} {name}")
    elif reload:
        actions.append(f"systemctl reload-or-restart {name}")
    return actions
