"""The scripts of a way back that need no host to be wrong: what they must never do."""

import subprocess
from pathlib import Path

from builder.load.site import load_site
from builder.wayback import door
from builder.wayback.copy import Copy
from builder.wayback.snapshot import drop_script
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
