"""What came after an upgrade is kept in spite of cuts: the script may be carried out again wherever it ended."""

import os
import subprocess
from pathlib import Path

import pytest

from builder.wayback.arrivals import forget_script, keep_script
from builder.wayback.copy import NEWEST_SCRIPT
from builder.wayback.snapshot import FOLDER

UUIDS = ("225eb4ef-0000-4000-8000-000000000001", "99aa0000-0000-4000-8000-000000000002")


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of stored images and a database, played by a script, that knows them."""
    for uuid in UUIDS:
        place = tmp_path / "storage" / uuid[:2] / uuid[2:4]
        place.mkdir(parents=True)
        (place / uuid).write_text(f"image {uuid}")
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "runuser").write_text("#!/bin/sh\n" + "".join(f"echo {uuid} 0\n" for uuid in UUIDS))
    (programs / "runuser").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return tmp_path


def kept(archive: Path) -> dict[str, str]:
    script = keep_script(7, "filesystem", str(archive / "storage"), str(archive / "copy"))
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "2\n"
    return {file.name: file.read_text() for file in (archive / "copy/arrived").iterdir()}


WANTED = {f"{uuid}.dcm": f"image {uuid}" for uuid in UUIDS}


def test_what_came_is_kept_once_however_often_it_is_carried_out(archive: Path) -> None:
    for _ in range(3):
        assert kept(archive) == WANTED
        places = (archive / "copy/orphans").read_text().splitlines()
        assert len(places) == len(set(places)) == 2


@pytest.mark.parametrize("content", ["half", None])
def test_what_a_cut_has_left_half_made_is_made_anew(archive: Path, content: str | None) -> None:
    """A part of a copy, or a second name that was not yet renamed."""
    folder = archive / "copy/arrived"
    folder.mkdir(parents=True)
    for number, uuid in enumerate(UUIDS):
        part = folder / f"{uuid}.dcm.part"
        if content is None:
            part.hardlink_to(archive / "storage" / uuid[:2] / uuid[2:4] / uuid)
            if number:  # and one that has both names
                (folder / f"{uuid}.dcm").hardlink_to(part)
        else:
            part.write_text(content)
    assert kept(archive) == WANTED


def test_the_newest_copy_tells_what_is_known_of_it_and_no_older_one(tmp_path: Path) -> None:
    def newest() -> subprocess.CompletedProcess[bytes]:
        script = NEWEST_SCRIPT.replace(FOLDER, str(tmp_path))
        return subprocess.run(["sh", "-c", script], capture_output=True, check=False)

    assert (newest().returncode, newest().stdout) == (0, b"")
    for name in ("20261101T000000-aa", "20261102T000000-bb"):
        (tmp_path / name / "papers").mkdir(parents=True)
        (tmp_path / name / "papers/record.json").write_text(name)
        (tmp_path / name / "complete").touch()
    listed = subprocess.run(["tar", "-xO", "./record.json"], input=newest().stdout, capture_output=True, check=True)
    assert listed.stdout == b"20261102T000000-bb"
    (tmp_path / "20261103T000000-cc").mkdir()
    assert (newest().returncode, newest().stdout) == (1, b"")
    assert b"is not whole" in newest().stderr


def test_only_the_patient_of_exactly_this_run_is_removed() -> None:
    script = forget_script("STREAM-20261123T000000-aa")
    assert '"Query": {"PatientID": "STREAM-20261123T000000-aa"}' in script
    assert "*" not in script
