"""The scripts of a way back that need no host to be wrong: what they must never do."""

import os
import subprocess
from pathlib import Path

import pytest

from builder.load.site import load_site
from builder.wayback import door, stored
from builder.wayback.beside import moved_script
from builder.wayback.copy import Copy
from builder.wayback.snapshot import FOLDER, drop_script
from builder.workflows.host_locks import PLACE
from builder.workflows.rollback import before_text
from builder.workflows.upgrade_record import Phase, Record
from tests.unit.test_upgrade_rules import CHANGES

SITE = Path(__file__).parents[1] / "lab/sites/upgrade.yml"
STATIONS = Path(__file__).parents[1] / "lab/sites/renew.yml"


def done(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)


def test_a_copy_that_is_not_whole_is_never_put_back() -> None:
    """What follows would delete whatever the copy lacks: the script must have ended before."""
    script = Copy("no-such-run").put_back_script()
    first, _, _ = script.partition("systemctl stop")
    told = done(first + "echo went on")
    assert (told.returncode, told.stdout) == (1, "this copy is not whole\n")


def console(tmp_path: Path, state: str | None, copy: Copy) -> list[str]:
    """What `put-back` does at the console before it replaces the system, where the copy's state is this."""
    folder = tmp_path / "way-back/run"
    folder.mkdir(parents=True)
    (folder / "complete").touch()
    (folder / "keep").write_text(f"echo kept >>{tmp_path}/said")
    if state is not None:
        (folder / "state").write_text(f"{state}\n")
    script = copy.put_back_script().replace(FOLDER, str(tmp_path / "way-back"))
    script = script.partition("echo putting back")[0].replace("systemctl", "true")
    assert done(script).returncode == 0
    said = tmp_path / "said"
    return said.read_text().split() if said.exists() else []


@pytest.mark.parametrize(
    ("state", "kept"),
    [(None, ["kept"]), ("exchanged", ["kept"]), ("serves", ["kept"]), ("kept", []), ("putting back", []),
     ("put-back", [])],
)  # fmt: skip
def test_what_came_is_kept_before_anything_is_put_back_wherever_more_could_come(
    tmp_path: Path, state: str | None, kept: list[str]
) -> None:
    assert console(tmp_path, state, Copy("run")) == kept


def test_a_host_whose_doors_open_keeps_what_comes_from_then_on_and_nothing_twice(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    script = Copy("run").serves_script().replace(FOLDER, str(tmp_path))
    assert done(script).returncode == 0
    assert not folder.exists(), "there is no copy, as of an upgrade that is over"
    beside = tmp_path / "disk/.way-back/run.arrived"
    beside.mkdir(parents=True)
    (beside / "a.dcm").touch()
    folder.mkdir()
    (folder / "arrived").symlink_to(beside)
    (folder / "orphans").touch()
    (folder / "state").write_text("put-back\n")
    assert done(script).returncode == 0
    assert (folder / "state").read_text() == "serves\n"
    assert list(beside.iterdir()) == [], "what was kept is given back by then"
    assert not (folder / "orphans").exists()


def test_a_copy_that_is_brought_up_to_date_is_not_whole_meanwhile() -> None:
    script = Copy("run").take_script()
    assert script.index("rm -f /var/lib/pacsmith/way-back/run/complete") < script.index("rsync")


def test_second_names_of_an_upgrade_that_never_began_go_with_the_next(tmp_path: Path) -> None:
    copies, storage = tmp_path / "copies", tmp_path / "storage"
    for name in ("stands", "stands.arrived", "killed", "killed.arrived"):
        (storage / ".way-back" / name).mkdir(parents=True)
    (copies / "stands").mkdir(parents=True)
    assert done(f"set -e; {stored.sweep_script(str(storage), str(copies))}").returncode == 0
    assert sorted(one.name for one in (storage / ".way-back").iterdir()) == ["stands", "stands.arrived"]
    assert done(f"set -e; {stored.sweep_script(str(tmp_path / 'none'), str(copies))}").returncode == 0


def test_what_somebody_changed_meanwhile_is_told_where_the_next_system_has_it_otherwise_too(tmp_path: Path) -> None:
    copy, folder = Copy("run"), tmp_path / "way-back/run"
    for file in ("etc/shadow", "etc/hosts", "etc/ours", "var/lib/dpkg/status", "etc/gone"):
        for tree in (tmp_path / "host", folder / "root"):
            (tree / file).parent.mkdir(parents=True, exist_ok=True)
            (tree / file).write_text("as it was")
            os.utime(tree / file, (1, 1))
    (folder / "mounted").touch()
    (folder / "changed").write_text("etc/\netc/shadow\netc/hosts\nvar/lib/dpkg/status\n")
    (folder / "gone").write_text("etc/gone\n")
    script = moved_script(copy).replace(FOLDER, str(tmp_path / "way-back")).replace("cd /;", f"cd {tmp_path}/host;")
    assert done(script).stdout == ""
    (tmp_path / "host/etc/shadow").write_text("another password")
    (tmp_path / "host/etc/ours").write_text("of no package")
    (tmp_path / "host/etc/new").write_text("new")
    (tmp_path / "host/etc/gone").unlink()
    assert done(script).stdout.split() == ["etc/gone", "etc/shadow"]


def test_apt_passes_a_host_over_as_long_as_its_lock_is_held() -> None:
    assert "ExecCondition=/usr/bin/flock --shared --nonblock /run/pacsmith.lock true" in door.apart_script(PLACE)
    assert door.together_script() in door.open_script()


def test_a_copy_that_is_being_removed_is_no_copy_any_more() -> None:
    script = Copy("run").drop_script()
    assert script.index("rm -f /var/lib/pacsmith/way-back/run/complete") < script.index("/root")


def test_dropping_what_is_not_there_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "tree" / "etc").mkdir(parents=True)
    for _ in range(2):
        assert done(drop_script(str(tmp_path / "tree"))).returncode == 0
        assert not (tmp_path / "tree").exists()


def test_what_a_station_keeps_of_patients_is_in_no_copy() -> None:
    station = next(one for one in load_site(STATIONS).value.hosts if one.workstation is not None)
    left_out = Copy.of(station, "run").excluded("mounted")
    assert "--exclude=/var/cache/pacsmith-viewer/*" in left_out.replace("'", "")
    assert "--exclude=/var/lib/pacsmith/viewer-cache.img" in left_out.replace("'", "")


def test_what_people_go_on_writing_is_in_no_copy() -> None:
    """A worklist and a home of today must not become those of the day of the upgrade."""
    archive = load_site(SITE).value.hosts[0]
    assert {"/home", "/var/lib/orthanc/worklists", "/var/backups/pacsmith"} <= set(Copy.of(archive, "run").apart)


def test_a_host_without_ports_has_no_door() -> None:
    assert "dport" not in door.rules([])
    assert "dport { 104, 443 } reject" in door.rules([443, 104, 443])


def record(phase: Phase, before: str, after: str) -> Record:
    values: tuple[tuple[tuple[str, ...], str | int], ...] = ((("archive", "database_version"), 17),)
    was: tuple[tuple[tuple[str, ...], str | int], ...] = ((("archive", "database_version"), 15),)
    return Record(
        run="r", host="arc", phase=phase, changes=CHANGES, before=before, after=after, values=values, values_before=was
    )


def test_what_people_have_written_since_stays_and_the_versions_go_back(tmp_path: Path) -> None:
    """Also where the way back was cut off once, and whatever the record says of how far it has come."""
    before = SITE.read_text()
    after = before.replace("      backup:", "      database_version: 17\n      backup:")
    file = tmp_path / "site.yml"
    for phase in ("upgraded", "going back", "putting back", "proving back"):
        file.write_text(after)
        assert before_text(file, record(phase, before, after)) == before
        file.write_text(after.replace("Old Clinic (test)", "Older Clinic (test)"))
        found = before_text(file, record(phase, before, after))
        assert "database_version: 15" in found
        assert "Older Clinic (test)" in found
    file.write_text(before.replace("Old Clinic (test)", "Older Clinic (test)"))  # it was never upgraded so far
    assert "database_version" not in before_text(file, record("changing", before, after))
