"""Drives, their health and what is encrypted, as `lsblk -J` and `smartctl --json` tell."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from builder.survey.drives import SMARTCTL, UNSEEN, encryption, lsblk, smartctl
from builder.survey.question import ABSENT, Noted, Reply, Said, UnreadableError
from tests.unit.test_recorded_tools import RECORDED


def devices(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((RECORDED / "lsblk" / f"{name}.json").read_text())["blockdevices"]
    return found


def device(name: str, kind: str, *children: dict[str, Any], fstype: str | None = None, mount: str | None = None) -> Any:
    return {"name": name, "type": kind, "fstype": fstype, "mountpoint": mount, "children": list(children)}


ROOT = device("root", "lvm", mount="/")
OPEN = device("open", "crypt", ROOT)
HOLDER = device("sda2", "part", OPEN, fstype="crypto_LUKS")


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ([device("sda", "disk", HOLDER)], (True, "LUKS")),
        ([device("sda", "disk", device("sda2", "part", OPEN))], (True, "dm-crypt")),
        ([device("sda", "disk", HOLDER), device("sdb", "disk", HOLDER)], (True, "LUKS")),
        ([device("sda", "disk", HOLDER), device("sdb", "disk", ROOT)], (Noted(False, "encrypted in part"), "LUKS")),
        ([device("sda", "disk", device("sda1", "part", HOLDER, ROOT))], (Noted(False, "encrypted in part"), "LUKS")),
        ([device("sda", "disk", ROOT, HOLDER | {"children": []})], (Noted(False, UNSEEN), ABSENT)),
    ],
)
def test_a_filesystem_is_encrypted_on_every_way_down(tree: list[Any], said: tuple[Said, Said]) -> None:
    assert encryption(tree, "/") == said


def test_another_place_than_the_system_s() -> None:
    assert encryption(devices("station"), "/srv") == (Noted(False, UNSEEN), ABSENT)
    for said in encryption(devices("station"), "/nowhere"):
        assert str(said) == "the filesystem lies on no block device that this machine shows"


def test_an_older_lsblk_writes_numbers_in_quotes() -> None:
    text = (RECORDED / "lsblk" / "server.json").read_text()
    older = text.replace(": false", ': "0"').replace(": 480103981056", ': "480103981056"')
    now, before = lsblk(Reply(0, text, "")), lsblk(Reply(0, older, ""))
    assert {name: str(value) for name, value in now.items()} == {name: str(value) for name, value in before.items()}


def record(name: str = "/dev/sda", kind: str = "sat", **more: Any) -> str:
    argv = {"smartctl": {"version": [7, 3], "exit_status": 0}, "device": {"name": name, "type": kind}}
    return json.dumps({**argv, **more}) + "\n"


def health(*records: str) -> dict[str, Said]:
    return smartctl(Reply(0, "".join(records), ""))


def test_several_drives_and_the_one_that_is_ill() -> None:
    well, ill = {"passed": True}, {"passed": False}
    said = health(
        record(smart_status=well),
        record("/dev/bus/0", "megaraid,8", smart_status=ill),
        record("/dev/nvme0", "nvme", smart_status=well),
    )
    assert said["drives.health"] == "unhealthy: bus-0-megaraid-8"
    assert (said["drives.sda.health"], said["drives.nvme0n1.health"]) == ("healthy", "healthy")
    assert health(record(smart_status=well))["drives.health"] == "healthy"


def test_a_drive_that_sleeps_is_not_woken_and_says_so() -> None:
    asleep = {"string": "Device is in STANDBY mode, exit(2)", "severity": "information"}
    said = health(
        record(smart_status={"passed": True}),
        record("/dev/sdb", smartctl={"exit_status": 2, "messages": [asleep]}),
    )
    assert str(said["drives.sdb.health"]) == 'smartctl says "Device is in STANDBY mode, exit(2)"'
    assert str(said["drives.health"]) == ('of sdb it is not known: smartctl says "Device is in STANDBY mode, exit(2)"')


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "smartctl finds no drive that it could ask"),
        ("Permission denied\n", 'smartctl says "Permission denied"'),
        (record()[:-9], "smartctl did not print a whole document"),
        (record().replace('"type"', '"name"'), "smartctl did not print a whole document"),
        ("[]\n", "smartctl did not print its own document"),
        ('{"smartctl": {"messages": [{"string": "Smartctl open device: /dev/sda failed: Permission denied"}]}}',
         'smartctl says "Smartctl open device: /dev/sda failed: Permission denied"'),
        ('{"smartctl": {}}', "smartctl does not name the drive"),
    ],
)  # fmt: skip
def test_what_is_no_record_says_why(text: str, why: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        health(text)
    assert str(caught.value) == why


def test_the_command_asks_each_drive_of_the_scan_and_wakes_none(tmp_path: Path) -> None:
    """Run with a smartctl of ours that tells how it was called."""
    pretend = tmp_path / "smartctl"
    pretend.write_text(
        '#!/bin/sh\nif [ "$1" = --scan ]; then\n'
        "echo '/dev/sda -d scsi # /dev/sda, SCSI device'\n"
        "echo '/dev/bus/0 -d megaraid,8 # /dev/bus/0 [8], SCSI device'\n"
        'else echo "$*"; exit 4; fi\n'
    )
    pretend.chmod(0o755)
    done = subprocess.run(["sh", "-c", SMARTCTL], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert done.stdout.splitlines() == [
        "--json=c -n standby -i -H -A /dev/sda",
        "--json=c -n standby -i -H -A -d megaraid,8 /dev/bus/0",
    ]
    assert done.returncode == 0
