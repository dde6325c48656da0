"""What must be so of NVIDIA's driver on a station that has it: installed, pinned, held, watched, and in use."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

from builder.probes.observed import more_and_less

Variables = dict[str, Any]
Record = Callable[[str, object], None]  # what a met check saw, for its evidence
GUARD = "/usr/local/lib/pacsmith/nvidia_guard.py"


def _says(host: Host, command: str) -> str:
    """Output of a command that must succeed."""
    answer = host.run(command)
    said = answer.stderr.strip() or answer.stdout.strip() or f"exit code {answer.rc}"
    assert answer.rc == 0, f"the host has no answer to {command.split(maxsplit=1)[0]}: {said}"
    return str(answer.stdout).strip()


@pytest.fixture(autouse=True)
def _only_with_the_driver(variables: Variables) -> None:
    if variables["graphics"] != "nvidia":
        pytest.skip(f"the station's graphics are `{variables['graphics']}`")


def test_driver_is_of_the_branch_and_held(host: Host, variables: Variables, record_property: Record) -> None:
    """Every package of NVIDIA's driver is of the site's branch, and no update may replace it."""
    form = r"${db:Status-Want} ${db:Status-Status} ${source:Package} ${Package} ${source:Upstream-Version}\n"
    lines = [line.split() for line in _says(host, f"dpkg-query -W -f '{form}'").splitlines()]
    found = {name: (want, version) for want, state, source, name, version in lines
             if (state, source) == ("installed", "nvidia-graphics-drivers")}  # fmt: skip
    lacking = sorted(set(variables["nvidia_packages"]) - set(found))
    assert not lacking, f"not installed: {', '.join(lacking)}; run pacsmith build"
    record_property("observed", f"{len(found)} packages of {found['nvidia-driver'][1]}, held")
    branch = variables["nvidia_branch"]
    strange = [f"{name} {version}" for name, (_, version) in found.items() if not version.startswith(f"{branch}.")]
    assert not strange, f"not of branch {branch}: {', '.join(strange)}; run pacsmith build"
    loose = [name for name, (want, _) in found.items() if want != "hold"]
    assert not loose, f"not held: {', '.join(loose)}; run pacsmith build"


def test_driver_is_pinned(host: Host, variables: Variables) -> None:
    """apt would take no version of NVIDIA's driver but one of the site's branch."""
    said = _says(host, f"apt-cache policy {' '.join(variables['nvidia_packages'])}")
    rows = re.findall(r"^ (?:\*\*\*|   ) (\S+) (-?\d+)$", said, re.MULTILINE)
    assert rows, "apt knows no version of the driver; run pacsmith build"
    other = sorted({
        version for version, priority in rows
        if int(priority) > 0 and not version.startswith(f"{variables['nvidia_branch']}.")
    })  # fmt: skip
    assert not other, f"apt would also take {', '.join(other)}; run pacsmith build"


def test_driver_is_guarded(host: Host, variables: Variables) -> None:
    """The driver is looked at after each boot and each day at the site's time, before the morning list."""
    units = ("pacsmith-nvidia-guard.service", "pacsmith-nvidia-guard.timer")
    said = _says(host, f"systemctl show -p Id,ActiveState,UnitFileState,TimersCalendar -- {' '.join(units)}")
    found = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in said.split("\n\n")]
    states = {(unit["Id"], unit["UnitFileState"]) for unit in found}
    wanted = {(unit, "enabled") for unit in units}
    assert states == wanted, f"units at boot: {more_and_less(states, wanted)}; run pacsmith build"
    timer = found[-1]
    assert timer["ActiveState"] == "active", f"{units[1]} is {timer['ActiveState']}; run pacsmith build"
    at = variables["nvidia_guarded_at"]
    assert f"*-*-* {at}:00 " in timer["TimersCalendar"], (
        f"the driver is looked at {timer['TimersCalendar'] or 'never'}, not at {at}; run pacsmith build"
    )


def test_kernel_module_and_user_space_of_the_driver_agree(host: Host, record_property: Record) -> None:
    """The kernel runs NVIDIA's module of the version that the user space has, nvidia-smi answers for it, and the next
    boot will load the same."""
    answer = host.run(f"python3 -I {GUARD} --look")
    try:
        found = json.loads(answer.stdout)
        faults, module = found["faults"], found["loaded"]
    except (ValueError, LookupError) as fault:
        said = answer.stderr.strip() or f"exit code {answer.rc}"
        raise RuntimeError(f"the guard cannot look: {said}") from fault
    assert not faults, "; ".join(faults)
    record_property("observed", f"module and user space {module}, kernel {found['kernel']}")
