"""The guard of NVIDIA's driver: stations as trees of files, and what it says of each; the driver's apt sources."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from roles.workstation.files.nvidia_guard import (
    METRICS,
    PACKAGES,
    SETTINGS,
    STATE,
    Reading,
    judge,
    look,
    main,
    metrics,
)
from roles.workstation.files.nvidia_sources import main as print_sources
from roles.workstation.files.nvidia_sources import more, read_deb822, read_lines

NEW, OLD = "535.309.01", "535.261.03"
KERNEL, NEWER = "6.1.0-49-amd64", "6.1.0-56-amd64"
GOOD = Reading(
    kernel=KERNEL,
    card=True,
    loaded=NEW,
    built={KERNEL: NEW},
    newest=KERNEL,
    packages=dict.fromkeys(PACKAGES, NEW),
    library=NEW,
    smi=(0, NEW),
)
DARK = "restart the station before anybody reads"


def test_a_station_whose_parts_agree_is_left_in_peace() -> None:
    assert judge(GOOD, "535") == []
    assert judge(replace(GOOD, smi=None), "535") == [], "nvidia-smi is a package of its own"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"packages": {}}, "NVIDIA's driver is not installed; run pacsmith build"),
        (
            {"packages": {"libglx-nvidia0": NEW, "nvidia-kernel-dkms": OLD}},
            f"the driver's packages are of several versions (libglx-nvidia0 {NEW}, nvidia-kernel-dkms {OLD}); run",
        ),
        ({"library": "580.95.05"}, f"the libraries are of version 580.95.05 and their packages of {NEW}; something"),
        ({"library": None}, f"the libraries are of version none and their packages of {NEW}; something"),
        (
            {"loaded": OLD, "smi": (18, "Failed to initialize NVML: Driver/library version mismatch")},
            f"the kernel runs module {OLD} and the user space is {NEW}, so that no program can draw; {DARK}",
        ),
        (
            {"loaded": OLD, "built": {KERNEL: OLD}, "smi": None},
            f"the kernel runs module {OLD} and the user space is {NEW}, so that no program can draw; install "
            f"linux-headers-{KERNEL}, run dkms autoinstall -k {KERNEL}, then {DARK}",
        ),
        (
            {"built": {}},
            f"the kernel runs module {NEW}, but on its disk is none: the next boot would be dark; install linux-",
        ),
        (
            {"newest": NEWER},
            f"the next boot takes kernel {NEWER}, for which module {NEW} has not been built; install linux-headers-"
            f"{NEWER} and run dkms autoinstall -k {NEWER}",
        ),
        ({"smi": (9, "NVIDIA-SMI has failed.")}, f"nvidia-smi fails: NVIDIA-SMI has failed; {DARK}"),
        ({"smi": (15, "")}, f"nvidia-smi fails: exit code 15; {DARK}"),
        ({"smi": (0, OLD)}, f"nvidia-smi answers for driver {OLD}, the kernel runs {NEW}; {DARK}"),
        (
            {"loaded": None, "card": False},
            "no module of NVIDIA's is loaded, and this machine shows no card of theirs; put one in, or write",
        ),
        (
            {"loaded": None, "built": {}, "smi": (9, "NVIDIA-SMI has failed.")},
            f"no module of NVIDIA's is loaded: DKMS has built none for the running kernel {KERNEL}; install linux-",
        ),
        ({"loaded": None, "nouveau": True}, "no module of NVIDIA's is loaded: nouveau holds the card, as it does"),
        ({"loaded": None}, f"no module of NVIDIA's is loaded, although {NEW} is built for kernel {KERNEL}; restart"),
    ],
)  # fmt: skip
def test_what_the_guard_says_before_the_morning_list(change: dict[str, Any], said: str) -> None:
    faults = judge(replace(GOOD, **change), "535")
    assert faults[0].startswith(said)
    assert len(faults) == (2 if change.get("loaded") == OLD and change["smi"] else 1), faults


def test_a_driver_of_another_branch_is_said_beside_the_rest() -> None:
    assert judge(GOOD, "580") == [f"the driver is {NEW} and the site says branch 580; run pacsmith build"]
    assert judge(replace(GOOD, packages={"nvidia-driver": "53.5.1"}), "53")[0].startswith("the libraries"), "no prefix"


def station(root: Path, *, loaded: str | None, card: bool = True) -> Path:
    """A tree as the guard finds it on a station; `modinfo`, dpkg-query and nvidia-smi are `Programs`."""
    files = {
        "proc/sys/kernel/osrelease": f"{KERNEL}\n",
        "sys/bus/pci/devices/0000:01:00.0/vendor": "0x10de\n" if card else "0x1af4\n",
        "sys/bus/pci/devices/0000:01:00.0/class": "0x030000\n",
        f"boot/vmlinuz-{KERNEL}": "",
        "boot/vmlinuz-6.1.0-9-amd64": "",
        f"usr/lib/x86_64-linux-gnu/nvidia/current/libGLX_nvidia.so.{NEW}": "",
        "usr/bin/nvidia-smi": "",
        SETTINGS: '{"branch": "535"}\n',
    }
    if loaded is not None:
        files["sys/module/nvidia/version"] = f"{loaded}\n"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "usr/lib/x86_64-linux-gnu/nvidia/current/libGLX_nvidia.so.0").symlink_to(f"libGLX_nvidia.so.{NEW}")
    return root


class Programs:
    """What the station's programs answer; `asked` holds their arguments."""

    def __init__(self, built: dict[str, str], smi: tuple[int, str] = (0, f"{NEW}\n{NEW}\n")) -> None:
        self.built = built
        self.smi = smi
        self.asked: list[list[str]] = []

    def __call__(self, argv: list[str]) -> tuple[int, str]:
        self.asked.append(argv)
        if argv[0] == "modinfo":
            kernel, name = argv[argv.index("-k") + 1], argv[-1]
            found = self.built.get(kernel) if name == "nvidia-current" else None
            return (0, f"{found}\n") if found else (1, "")
        if argv[0] == "dpkg-query":
            rows = [f"installed {name} {NEW}" for name in PACKAGES if name != "libnvidia-glcore"]
            return 1, "\n".join([*rows, "config-files libnvidia-glcore 525.1.1"]) + "\n"
        return self.smi


def test_a_station_is_read_from_its_files_and_programs(tmp_path: Path) -> None:
    root, programs = station(tmp_path, loaded=NEW), Programs({KERNEL: NEW, "6.1.0-9-amd64": OLD})
    seen = look(root, programs)
    packages = {name: NEW for name in PACKAGES if name != "libnvidia-glcore"}
    assert seen == replace(GOOD, built={KERNEL: NEW, "6.1.0-9-amd64": OLD}, packages=packages)
    assert ["dpkg-query", f"--admindir={root}/var/lib/dpkg"] in [argv[:2] for argv in programs.asked]
    assert look(station(tmp_path / "b", loaded=None, card=False), programs).loaded is None
    empty = look(tmp_path / "nothing", lambda _: (127, ""))
    assert empty == Reading(kernel="unknown", card=False)


def test_the_module_s_version_is_read_where_an_older_kernel_says_it(tmp_path: Path) -> None:
    root = station(tmp_path, loaded=None)
    (root / "proc/driver/nvidia").mkdir(parents=True)
    line = f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {OLD}  Tue Jun  4 12:00:00 UTC 2026\nGCC version:  gcc\n"
    (root / "proc/driver/nvidia/version").write_text(line)
    assert look(root, Programs({})).loaded == OLD


def test_what_is_found_is_kept_for_others_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = station(tmp_path, loaded=OLD)
    (root / METRICS).parent.mkdir(parents=True)
    assert main(["--root", str(root)], Programs({KERNEL: NEW}, (18, "mismatch\n"))) == 1
    kept = json.loads((root / STATE).read_text())
    assert (kept["loaded"], kept["library"]) == (OLD, NEW)
    assert datetime.fromisoformat(kept["at"]).tzinfo is not None
    assert len(kept["faults"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said == [f"NVIDIA driver: {fault}" for fault in kept["faults"]]
    assert "pacsmith_nvidia_driver_agrees 0\n" in (root / METRICS).read_text()
    assert main(["--root", str(root)], Programs({KERNEL: NEW}, (18, "mismatch\n"))) == 1, "it can be said again"


def test_in_the_journal_a_fault_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    assert main(["--root", str(station(tmp_path, loaded=OLD))], Programs({KERNEL: NEW})) == 1
    assert capsys.readouterr().err.startswith("<3>NVIDIA driver: the kernel runs module")


def test_looking_alone_keeps_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = station(tmp_path, loaded=NEW)
    assert main(["--root", str(root), "--look"], Programs({KERNEL: NEW})) == 0
    assert json.loads(capsys.readouterr().out)["faults"] == []
    assert not (root / STATE).exists()


def test_a_station_that_does_not_name_its_branch_is_told_how_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--root", str(tmp_path)], Programs({})) == 2
    assert "does not name the driver's branch; run pacsmith build" in capsys.readouterr().err


def test_the_exporter_reads_numbers() -> None:
    text = metrics(agrees=True, at=datetime(2026, 11, 22, 6, 0, tzinfo=UTC))
    assert re.findall(r"^(\w+) (\d+)$", text, re.MULTILINE) == [
        ("pacsmith_nvidia_driver_agrees", "1"),
        ("pacsmith_nvidia_driver_looked_at_seconds", "1795327200"),
    ]


MIRROR = "http://mirror.example/debian"
STANZAS = f"""# the hospital's mirror
Types: deb deb-src
URIs: {MIRROR}
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: {MIRROR}-security/
Suites: bookworm-security
Components: main non-free-firmware
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF

Enabled: no
Types: deb
URIs: {MIRROR}
Suites: bookworm-backports
Components: main

Types: deb
URIs: http://viewer.example/apt
Suites: stable
Components: main
"""


def test_the_driver_s_sections_come_from_the_mirrors_of_the_host() -> None:
    assert (
        more(read_deb822(STANZAS), "bookworm")
        == f"""\
# Written by pacsmith from the host's own sources; changes made here are lost.

Types: deb
URIs: {MIRROR}
Suites: bookworm bookworm-updates
Components: contrib non-free non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: {MIRROR}-security/
Suites: bookworm-security
Components: contrib non-free
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
"""
    )


def test_sources_of_one_line_keep_their_options() -> None:
    text = f"""deb [arch=amd64,i386 signed-by=/etc/keys/d.gpg] {MIRROR} bookworm main # ours
deb {MIRROR}-security bookworm-security main contrib non-free non-free-firmware
deb-src {MIRROR} bookworm main
"""
    assert more(read_lines(text), "bookworm").splitlines()[1:] == [
        "",
        "Types: deb",
        f"URIs: {MIRROR}",
        "Suites: bookworm",
        "Components: contrib non-free non-free-firmware",
        "Architectures: amd64 i386",
        "Signed-By: /etc/keys/d.gpg",
    ]


def test_what_another_source_of_the_same_archive_offers_is_not_asked_for_twice() -> None:
    text = f"deb {MIRROR} bookworm main\ndeb {MIRROR}/ bookworm contrib non-free non-free-firmware\n"
    assert "Types" not in more(read_lines(text), "bookworm")


def test_our_own_file_is_no_source_of_the_host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text(STANZAS)
    assert print_sources("bookworm", tmp_path) == 0
    first = capsys.readouterr().out
    (tmp_path / "sources.list.d" / "pacsmith-nvidia.sources").write_text(first)
    assert print_sources("bookworm", tmp_path) == 0
    assert capsys.readouterr().out == first
    assert print_sources("trixie", tmp_path) == 1
    assert "no source of Debian trixie; give the host its mirror" in capsys.readouterr().err


def test_apt_itself_reads_what_is_written(tmp_path: Path) -> None:
    if shutil.which("apt-get") is None:
        pytest.skip("this machine has no apt")
    (tmp_path / "sources.list.d").mkdir()
    beside = more(read_deb822(STANZAS), "bookworm")
    options = ("Dir::Etc::SourceList=/dev/null", f"Dir::Etc::SourceParts={tmp_path}/sources.list.d")
    argv = ["apt-get", *(f"-o{one}" for one in options), "update", "--print-uris"]
    for text, understood in ((beside, True), (beside.replace("archive-keyring", "other-keyring"), False)):
        (tmp_path / "sources.list.d" / "all.sources").write_text(f"{STANZAS}\n{text}")
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == understood, done.stderr
        assert ("Conflicting values set for option Signed-By" in done.stderr) == (not understood)
