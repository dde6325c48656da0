"""A reading station on a real host: built cold, its screen, session and viewer; the second build changes nothing."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lab.conftest import BuiltSite, new_folder, run_steps


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """Two booted hosts; the lab hangs the panels on the station's connectors from right to left."""
    site = new_folder(tmp_path_factory.mktemp("reading"), "reading.yml", {})
    try:
        run_steps(site, ["secrets", "generate", "--site", site.name], ["lab", "up", site.name])
        yield site
    finally:
        site.pacsmith("lab", "down", site.name)


def built(site: BuiltSite) -> dict[str, Any]:
    """What `build` says as data."""
    done = site.pacsmith("build", "--site", site.name, "--json")
    assert done.stdout, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    assert (said["outcome"], said["reasons"]) == ("accepted", []), json.dumps(said, indent=1)
    return said


def test_a_cold_build_is_accepted_and_the_second_changes_nothing(room: BuiltSite) -> None:
    assert built(room)["changed"] > 0
    assert built(room)["changed"] == 0


def test_the_reader_looks_at_the_viewer_on_displays_laid_out_by_identity(room: BuiltSite) -> None:
    screen = "sudo env DISPLAY=:0 XAUTHORITY=/run/pacsmith-screen/authority"
    monitors = room.on("read1", f"{screen} xrandr --listmonitors").stdout
    assert [line.split()[-1] for line in monitors.splitlines()[1:]] == ["DUMMY1", "DUMMY0"], monitors
    sizes = [re.sub(r"/\d+", "", line.split()[2]) for line in monitors.splitlines()[1:]]
    assert sizes == ["1600x1200+0+0", "1920x1200+1600+0"], monitors
    users = room.on("read1", "ps -C Xorg,openbox,aeskulap -o comm=,user=").stdout.split()
    assert dict(zip(users[::2], users[1::2], strict=True)) == {
        "Xorg": "root",
        "openbox": "reader",
        "aeskulap": "reader",
    }


def test_the_viewer_listens_to_the_archive(room: BuiltSite) -> None:
    """Aeskulap takes associations only while a C-MOVE of its own is under way, so that a C-ECHO waits in vain: asked is
    whether the connection is taken."""
    taken = "timeout 5 bash -c '</dev/tcp/10.115.0.12/11112'"
    assert room.on("arc", taken).returncode == 0
    owner = room.on("read1", "sudo ss -Hltnp 'sport = :11112'").stdout
    assert '"aeskulap"' in owner, owner


def test_a_viewer_that_dies_comes_back(room: BuiltSite) -> None:
    before = room.on("read1", "pidof aeskulap").stdout.strip()
    assert before.isdecimal()
    other = f"until p=$(pidof aeskulap) && [ $p != {before} ]; do sleep 0.2; done"
    done = room.on("read1", f"sudo kill -9 {before}; timeout 30 sh -c '{other}'")
    assert done.returncode == 0, done.stderr
