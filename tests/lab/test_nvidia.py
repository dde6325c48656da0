"""NVIDIA's driver on a real host without a card: installed, pinned, held and guarded, and the station not accepted."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.conftest import BuiltSite, new_folder, run_steps

pytestmark = pytest.mark.long
OTHER = "535.261.03"  # Debian 12's own; what is installed comes from its security archive
# X.org finds neither a card nor a terminal here: it draws into memory, so that the rest of the station can be built.
PRETENDED = """set -e
sudo apt-get -q update
sudo DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends binutils xserver-xorg-video-dummy
sudo mkdir -p /etc/X11/xorg.conf.d /etc/systemd/system/pacsmith-screen.service.d
printf '%s\\n' 'Section "Device"' 'Identifier "lab"' 'Driver "dummy"' 'VideoRam 256000' EndSection |
  sudo tee /etc/X11/xorg.conf.d/10-lab.conf
printf '%s\\n' '[Service]' ExecStart= \
  'ExecStart=/usr/lib/xorg/Xorg :0 -auth /run/pacsmith-screen/authority -noreset -nolisten tcp -s 0' |
  sudo tee /etc/systemd/system/pacsmith-screen.service.d/lab.conf
"""
BOOT = "cat /proc/sys/kernel/random/boot_id"
# The kernel says that it runs NVIDIA's module of this version.
LOADED = """set -e
sudo mkdir -p /run/lab/driver/nvidia
echo 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  {version}  Thu Jun  5 10:00:00 UTC 2026' |
  sudo tee /run/lab/driver/nvidia/version
mountpoint -q /proc/driver || sudo mount --bind /run/lab/driver /proc/driver
"""
# A file that says of itself what DKMS's module would, where the kernel looks for it; and an answer of nvidia-smi.
BUILT = """set -e
folder=/lib/modules/$(uname -r)
sudo mkdir -p $folder/updates/dkms
printf 'version={version}\\0' >/tmp/modinfo
cd $folder/updates/dkms
sudo objcopy -I binary -O elf64-x86-64 --rename-section .data=.modinfo /tmp/modinfo nvidia-current.ko
sudo depmod
printf '#!/bin/sh\\necho {version}\\n' | sudo tee /run/lab/nvidia-smi
sudo chmod 755 /run/lab/nvidia-smi
sudo mount --bind /run/lab/nvidia-smi /usr/bin/nvidia-smi
"""


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """A booted host that will have NVIDIA's driver."""
    site = new_folder(tmp_path_factory.mktemp("nvidia"), "nvidia.yml", {})
    try:
        run_steps(site, ["secrets", "generate", "--site", site.name], ["lab", "up", site.name])
        said(site, PRETENDED)
        yield site
    finally:
        site.pacsmith("lab", "down", site.name)


def said(site: BuiltSite, command: str) -> str:
    """What the station prints; the command must succeed."""
    done = site.on("read1", command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(site: BuiltSite) -> dict[str, Any]:
    """What `build` says as data."""
    done = site.pacsmith("build", "--site", site.name, "--json")
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def checks(site: BuiltSite) -> dict[str, tuple[str, str]]:
    """Verdict and observation of the checks that speak of the driver."""
    done = site.pacsmith("verify", "--site", site.name, "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    found = json.loads(done.stdout)["evidence"]
    return {
        item["subject"].removeprefix("read1: "): (item["verdict"], item["observed"])
        for item in found
        if item["kind"] == "check" and "driver" in item["subject"]
    }


def guard(site: BuiltSite) -> dict[str, Any]:
    """Run the guard as its timer does; what it has kept. Its unit has failed where there is something to say."""
    site.on("read1", "sudo systemctl start pacsmith-nvidia-guard.service")
    state = site.on("read1", "systemctl is-failed pacsmith-nvidia-guard.service").stdout.strip()
    kept: dict[str, Any] = json.loads(said(site, "cat /var/lib/pacsmith-nvidia/state.json"))
    assert state == ("failed" if kept["faults"] else "inactive")
    return kept


def measured(site: BuiltSite) -> str:
    """What monitoring reads of the guard."""
    figures = said(site, "curl -s http://10.123.0.12:9100/metrics")
    found = re.search(r"^pacsmith_nvidia_driver_agrees (\d)$", figures, re.MULTILINE)
    assert found, figures
    return found[1]


def test_a_station_whose_driver_drives_no_card_is_built_and_not_accepted(station: BuiltSite) -> None:
    first = build(station)
    assert (first["outcome"], first["changed"] > 0) == ("failed", True), json.dumps(first, indent=1)
    found = checks(station)
    assert {name: verdict for name, (verdict, _) in found.items()} == {
        "driver is guarded": "met",
        "driver is of the branch and held": "met",
        "driver is pinned": "met",
        "kernel module and user space of the driver agree": "short",
    }
    assert found["kernel module and user space of the driver agree"][1] == (
        "no module of NVIDIA's is loaded, and this machine shows no card of theirs; put one in, or write "
        "`graphics: automatic`"
    )


def test_the_second_build_changes_nothing(station: BuiltSite) -> None:
    assert build(station)["changed"] == 0


def test_the_driver_is_registered_held_and_no_other_can_come(station: BuiltSite) -> None:
    assert re.search(r"^nvidia-current/535\.[0-9.]+: added$", said(station, "sudo dkms status"), re.MULTILINE)
    held = said(station, "apt-mark showhold").split()
    assert {"nvidia-driver", "nvidia-kernel-dkms", "libglx-nvidia0", "xserver-xorg-video-nvidia"} <= set(held)
    other = station.on("read1", f"sudo apt-get -s -y install nvidia-driver={OTHER}-1")
    assert other.returncode != 0, other.stdout
    assert "held" in other.stdout + other.stderr
    mirrors = said(station, "sed -n 's/^URIs: //p' /etc/apt/sources.list.d/debian.sources").split()
    ours = said(station, "sed -n 's/^URIs: //p' /etc/apt/sources.list.d/pacsmith-nvidia.sources").split()
    assert ours == mirrors, "the host's own mirror, and no other"


def test_a_module_of_another_version_is_said_before_the_morning_list(station: BuiltSite) -> None:
    version = said(station, "dpkg-query -W -f '${source:Upstream-Version}' nvidia-driver")
    try:
        said(station, LOADED.format(version=OTHER))
        kept = guard(station)
        sentence = f"the kernel runs module {OTHER} and the user space is {version}, so that no program can draw; "
        assert kept["faults"][0].startswith(sentence)
        assert kept["faults"][1].startswith("nvidia-smi fails: NVIDIA-SMI has failed because it couldn't communicate")
        heard = said(station, "sudo journalctl -p err -o cat -u pacsmith-nvidia-guard.service")
        assert f"NVIDIA driver: {kept['faults'][0]}" in heard.splitlines()
        assert measured(station) == "0"
        verdict, observed = checks(station)["kernel module and user space of the driver agree"]
        assert (verdict, observed.startswith(sentence)) == ("short", True), observed
    finally:
        said(station, "sudo umount /proc/driver")


def test_a_station_whose_parts_agree_again_is_told_so(station: BuiltSite) -> None:
    version = said(station, "dpkg-query -W -f '${source:Upstream-Version}' nvidia-driver")
    try:
        said(station, LOADED.format(version=version))
        assert guard(station)["faults"] != [], "the next boot would find no module"
        said(station, BUILT.format(version=version))
        assert guard(station)["faults"] == []
        assert measured(station) == "1"
        verdict, observed = checks(station)["kernel module and user space of the driver agree"]
        assert (verdict, observed.startswith(f"module and user space {version}, kernel ")) == ("met", True), observed
    finally:
        station.on("read1", "sudo umount /proc/driver; sudo umount /usr/bin/nvidia-smi")


def test_the_guard_looks_after_every_boot_and_each_morning(station: BuiltSite) -> None:
    following = json.loads(said(station, "systemctl list-timers --output=json pacsmith-nvidia-guard.timer"))
    assert said(station, f"date -d @{following[0]['next'] // 10**6} +%H:%M").strip() == "05:30"
    before = said(station, BOOT)
    station.on("read1", "sudo systemctl reboot")
    patience = time.monotonic() + 60
    while station.on("read1", BOOT).stdout in ("", before):
        assert time.monotonic() < patience, "the station does not come back"
    said(station, "systemctl is-system-running --wait || true")
    heard = said(station, "sudo journalctl -b -o cat -u pacsmith-nvidia-guard.service")
    assert "NVIDIA driver: no module of NVIDIA's is loaded" in heard
