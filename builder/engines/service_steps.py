"""systemd units as a pyinfra operation."""

import shlex
from collections.abc import Generator
from dataclasses import replace

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import OperationMeta, operation
from pyinfra.context import host

from builder.engines.notes import (
    any_changed,
    ask,
    current_note,
    hidden,
    paths_of,
    promised_enabled,
    stamp_path,
    stamp_text,
)
from builder.engines.units import Unit, brought_by_package, parse_units, show_script, systemctl_lines, wanted_verbs


@operation()
def service(
    *,
    units: tuple[str, ...],
    enabled: bool,
    running: bool,
    restart_if: tuple[OperationMeta, ...],
    reload_if: tuple[OperationMeta, ...],
    restart_due: tuple[str, str] | None = None,
) -> Generator[StringCommand]:
    """Enable, start, restart or reload what needs it; all units in one read and one command."""
    files = {"restart": paths_of(host, restart_if), "reload": paths_of(host, reload_if)}
    stamps = {(unit, verb): stamp_path(f"{verb}-{unit}") for unit in units for verb in files if files[verb]}
    checks = [
        f'[ "$({stamp_text(files[verb])})" = "$(cat {shlex.quote(stamp)} 2>/dev/null)" ] && echo met || echo due'
        for (_, verb), stamp in stamps.items()
    ]
    if restart_due is not None:
        checks.append(f"( {restart_due[0]} ) >/dev/null 2>&1 && echo due || echo met")
    answer = ask(host, "\n".join([show_script(units), "echo ==", *checks]))
    shown, _, said = answer.partition("\n==")
    words = said.split()
    otherwise = restart_due is not None and words.pop() == "due"
    owed = {key for key, word in zip(stamps, words, strict=True) if word == "due"}
    found: dict[str, Unit] = parse_units(units, shown)
    for unit in promised_enabled(host) & found.keys():
        found[unit] = replace(found[unit], file_state="enabled")
    verbs = {
        unit: wanted_verbs(
            found[unit],
            enabled=enabled,
            running=running,
            restart=any_changed(restart_if) or (unit, "restart") in owed or otherwise,
            reload=any_changed(reload_if) or (unit, "reload") in owed,
        )
        for unit in units
    }
    script = systemctl_lines(verbs)
    if not host.state.is_executing and not owed and brought_by_package(found, verbs):
        current_note(host).previewable = False
        current_note(host).why = "its package brings it, mostly enabled already"
    if script or owed:
        told = [f"# {line}" for line in script]
        told += [f"# {restart_due[1]}"] if restart_due is not None and otherwise else []
        current_note(host).diff = "\n".join(told) or None
        # systemd does not notice a drop-in folder that is new: it asks a cache that only a reload renews.
        unit_files = any(path.startswith("/etc/systemd/system/") for paths in files.values() for path in paths)
        fresh = ["systemctl daemon-reload"] if unit_files or any(unit.stale for unit in found.values()) else []
        keep = [f"{stamp_text(files[verb])} > {shlex.quote(stamp)}" for (_, verb), stamp in stamps.items()]
        made = [f"mkdir -p {stamp_path('')}"] if keep else []
        # systemctl says only that a unit has failed; its journal says why.
        logs = " ".join(f"-u {shlex.quote(unit)}" for unit in units)
        why = f"trap '[ $? = 0 ] || journalctl --quiet --no-pager -n 8 -o cat {logs} >&2' EXIT"
        yield hidden("\n".join(["set -e", why, *fresh, *script, *made, *keep]))
