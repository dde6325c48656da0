#!/usr/bin/python3
"""Do the parts of NVIDIA's driver agree? Said before the morning list, not by a screen that stays black.

Runs on the station at boot and each morning, with Python's standard library alone; it only looks, so nobody at work is
disturbed. It compares the module that the kernel runs, the module on disk that the next boot will load, the user space
and what nvidia-smi answers. Exit code 1, with a sentence for each, when something is wrong; what was found is kept for
`pacsmith verify` and for the node exporter. `--look` prints it and keeps nothing; `--root FOLDER` looks below a folder.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SETTINGS = "etc/pacsmith/station/nvidia.json"
STATE = "var/lib/pacsmith-nvidia/state.json"
METRICS = "var/lib/prometheus/node-exporter/pacsmith_nvidia.prom"
# The parts of the user space without which nothing is drawn, and the source that DKMS builds the module from.
PACKAGES = ("libglx-nvidia0", "libnvidia-glcore", "nvidia-driver", "nvidia-kernel-dkms", "xserver-xorg-video-nvidia")
_LIBRARIES = "usr/lib/x86_64-linux-gnu/nvidia/current"
_MODULES = ("nvidia-current", "nvidia")  # Debian's name of the file, and the maker's
_MAKER, _DISPLAY = "0x10de", "0x03"  # PCI vendor NVIDIA and base class display controller (pci.ids)
_VERSION = re.compile(r"[0-9]{3}(?:\.[0-9]+)+")

Run = Callable[[list[str]], tuple[int, str]]


@dataclass(frozen=True)
class Reading:
    """What the station shows; versions as 535.309.01, None where there is none.

    `loaded`: of the module in the kernel; `built`: of the modules on disk by kernel; `newest`: the kernel that the next
    boot takes; `packages` and `library`: the user space; `smi`: exit code and first line of nvidia-smi, when it is
    there.
    """

    kernel: str
    card: bool
    loaded: str | None = None
    nouveau: bool = False
    built: Mapping[str, str] = field(default_factory=dict)
    newest: str | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    library: str | None = None
    smi: tuple[int, str] | None = None


def judge(seen: Reading, branch: str) -> list[str]:
    """What is wrong, a sentence each with its remedy; nothing when all parts agree and are of `branch`. Pure."""
    if not seen.packages:
        return ["NVIDIA's driver is not installed; run pacsmith build"]
    versions = set(seen.packages.values())
    if len(versions) > 1:
        parts = ", ".join(f"{name} {version}" for name, version in sorted(seen.packages.items()))
        return [
            f"the driver's packages are of several versions ({parts}); run pacsmith build, then restart the station"
        ]
    (version,) = versions
    faults = []
    if not version.startswith(f"{branch}."):
        faults.append(f"the driver is {version} and the site says branch {branch}; run pacsmith build")
    if seen.library != version:
        faults.append(
            f"the libraries are of version {seen.library or 'none'} and their packages of {version}; something was "
            "installed beside Debian's packages: remove it and install them again"
        )
    return faults + _of_module(seen, version) + _of_answer(seen)


def _of_module(seen: Reading, version: str) -> list[str]:
    """The module in the kernel, and the one that the next boot loads."""
    built = seen.built.get(seen.kernel)
    build = f"install linux-headers-{seen.kernel}, run dkms autoinstall -k {seen.kernel}, then restart the station"
    if seen.loaded is None:
        return [_not_loaded(seen, built, build)]
    if seen.loaded != version:
        remedy = "restart the station" if built == version else build
        return [f"the kernel runs module {seen.loaded} and the user space is {version}, so that no program can draw; "
                f"{remedy} before anybody reads"]  # fmt: skip
    if built != version:
        return [f"the kernel runs module {version}, but on its disk is {built or 'none'}: the next boot would be dark; "
                f"{build}"]  # fmt: skip
    if seen.newest is not None and seen.built.get(seen.newest) != version:
        return [f"the next boot takes kernel {seen.newest}, for which module {version} has not been built; install "
                f"linux-headers-{seen.newest} and run dkms autoinstall -k {seen.newest}"]  # fmt: skip
    return []


def _not_loaded(seen: Reading, built: str | None, build: str) -> str:
    nothing = "no module of NVIDIA's is loaded"
    if not seen.card:
        return f"{nothing}, and this machine shows no card of theirs; put one in, or write `graphics: automatic`"
    if built is None:
        return f"{nothing}: DKMS has built none for the running kernel {seen.kernel}; {build}"
    if seen.nouveau:
        return f"{nothing}: nouveau holds the card, as it does until the first restart; restart the station"
    return (
        f"{nothing}, although {built} is built for kernel {seen.kernel}; restart the station, and if it stays so look "
        "at journalctl -k -g nvidia (with Secure Boot the key of DKMS must be enrolled)"
    )


def _of_answer(seen: Reading) -> list[str]:
    """nvidia-smi speaks to the module: without one its complaint says nothing new."""
    if seen.smi is None or seen.loaded is None:
        return []
    code, said = seen.smi
    remedy = "restart the station before anybody reads"
    if code != 0:
        return [f"nvidia-smi fails: {said.rstrip('. ') or f'exit code {code}'}; {remedy}"]
    if said != seen.loaded:
        return [f"nvidia-smi answers for driver {said or 'nothing'}, the kernel runs {seen.loaded}; {remedy}"]
    return []


def look(root: Path, run: Run) -> Reading:
    """Read the station below `root`. `run` carries out a program: exit code and output."""
    kernel = (_first(root / "proc/sys/kernel/osrelease") or "unknown").strip()
    kernels = {path.name.removeprefix("vmlinuz-") for path in root.glob("boot/vmlinuz-*")}
    return Reading(
        kernel=kernel,
        card=_has_card(root),
        loaded=_version(_first(root / "sys/module/nvidia/version") or _first(root / "proc/driver/nvidia/version")),
        nouveau=(root / "sys/module/nouveau").is_dir(),
        built={name: version for name in {kernel, *kernels} if (version := _built(root, name, run)) is not None},
        newest=max(kernels, key=_by_number, default=None),
        packages=_packages(root, run),
        library=next((_version(path.name) for path in root.glob(f"{_LIBRARIES}/libGLX_nvidia.so.*.*")), None),
        smi=_smi(root, run),
    )


def _first(file: Path) -> str | None:
    try:
        return file.read_text(errors="replace").partition("\n")[0]
    except OSError:
        return None


def _version(text: str | None) -> str | None:
    match = _VERSION.search(text or "")
    return match[0] if match else None


def _by_number(kernel: str) -> list[int]:
    return [int(number) for number in re.findall("[0-9]+", kernel)]


def _has_card(root: Path) -> bool:
    return any(
        _first(device / "vendor") == _MAKER and (_first(device / "class") or "").startswith(_DISPLAY)
        for device in root.glob("sys/bus/pci/devices/*")
    )


def _built(root: Path, kernel: str, run: Run) -> str | None:
    for name in _MODULES:
        code, said = run(["modinfo", "-b", str(root), "-k", kernel, "-F", "version", name])
        if code == 0:
            return _version(said)
    return None


def _packages(root: Path, run: Run) -> dict[str, str]:
    """Version of every part that is installed; dpkg-query's exit code is 1 when one of them is not."""
    form = r"${db:Status-Status} ${Package} ${source:Upstream-Version}\n"
    _, said = run(["dpkg-query", f"--admindir={root / 'var/lib/dpkg'}", "-W", "-f", form, "--", *PACKAGES])
    lines = (line.split() for line in said.splitlines())
    return {words[1]: words[2] for words in lines if len(words) == 3 and words[0] == "installed"}


def _smi(root: Path, run: Run) -> tuple[int, str] | None:
    program = root / "usr/bin/nvidia-smi"
    if not program.exists():
        return None
    code, said = run([str(program), "--query-gpu=driver_version", "--format=csv,noheader"])
    lines = dict.fromkeys(line.strip() for line in said.splitlines() if line.strip())
    return code, next(iter(lines), "") if code else " and ".join(lines)


def carry_out(argv: list[str]) -> tuple[int, str]:
    """Run a program: exit code and output; 127 when it is not there, 124 when it does not end within 20 s."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, errors="replace", timeout=20, check=False)
    except OSError:
        return 127, f"{argv[0]} is not there"
    except subprocess.TimeoutExpired:
        return 124, f"{argv[0]} does not answer within 20 s"
    return done.returncode, done.stdout


def _keep(file: Path, text: str) -> None:
    """Whole or not at all: others read it at any time."""
    part = file.with_name(file.name + ".part")
    part.write_text(text)
    part.chmod(0o644)
    part.replace(file)


def metrics(agrees: bool, at: datetime) -> str:
    """The node exporter's text: 1 when all parts agree, and when that was looked at (seconds since 1970)."""
    return (
        "# HELP pacsmith_nvidia_driver_agrees Kernel module and user space of NVIDIA's driver agree.\n"
        "# TYPE pacsmith_nvidia_driver_agrees gauge\n"
        f"pacsmith_nvidia_driver_agrees {int(agrees)}\n"
        "# HELP pacsmith_nvidia_driver_looked_at_seconds When they were compared, since 1970.\n"
        "# TYPE pacsmith_nvidia_driver_looked_at_seconds gauge\n"
        f"pacsmith_nvidia_driver_looked_at_seconds {at.timestamp():.0f}\n"
    )


def _record(root: Path, found: Mapping[str, Any], at: datetime) -> None:
    state, exporter = root / STATE, root / METRICS
    state.parent.mkdir(parents=True, exist_ok=True)
    _keep(state, json.dumps({"at": at.isoformat(timespec="seconds"), **found}, indent=2) + "\n")
    if exporter.parent.is_dir():
        _keep(exporter, metrics(not found["faults"], at))


def _say(faults: Iterable[str]) -> None:
    """In the journal a fault is an error (sd-daemon(3)); a person at a terminal gets the sentence alone."""
    mark = "<3>" if "JOURNAL_STREAM" in os.environ else ""
    for fault in faults:
        print(f"{mark}NVIDIA driver: {fault}", file=sys.stderr)


def main(words: list[str], run: Run = carry_out) -> int:
    """Look, judge, keep and say. The exit code is 2 when the station does not say which branch it should have."""
    parser = argparse.ArgumentParser(description="Do the parts of NVIDIA's driver agree?")
    parser.add_argument("--root", type=Path, default=Path("/"))
    parser.add_argument("--look", action="store_true", help="print what is found as JSON, and keep nothing")
    asked = parser.parse_args(words)
    try:
        branch = json.loads((asked.root / SETTINGS).read_text())["branch"]
    except (OSError, ValueError, LookupError):
        print(f"{asked.root / SETTINGS} does not name the driver's branch; run pacsmith build", file=sys.stderr)
        return 2
    seen = look(asked.root, run)
    faults = judge(seen, branch)
    found = {"faults": faults, **asdict(seen)}
    if asked.look:
        print(json.dumps(found))
    else:
        _record(asked.root, found, datetime.now(UTC))
        _say(faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
