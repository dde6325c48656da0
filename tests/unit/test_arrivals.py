"""What came after an upgrade is kept in spite of cuts: the script may be carried out again wherever it ended."""

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from builder.wayback import arrivals
from builder.wayback.arrivals import forget_script, keep_script, room_script
from builder.wayback.copy import NEWEST_SCRIPT, NEWEST_WHOLE_SCRIPT
from builder.wayback.door import CLOSED
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


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database, played by a script, that has the images itself, and writes down what it exports."""
    programs = tmp_path / "bin"
    programs.mkdir()
    lines = " ".join(f"echo {uuid} {number};" for number, uuid in enumerate(UUIDS, 16001))
    (programs / "runuser").write_text(
        f"""#!/bin/sh
case "$*" in *--command*) {lines} exit 0;; esac
while read -r word object file; do
    [ "$word" = '\\lo_export' ] || exit 3
    echo "$object" >>{tmp_path}/exported
    file=$(echo "$file" | tr -d "'")
    echo "image $object" >"$file"
done
"""
    )
    (programs / "install").write_text('#!/bin/sh\nfor last; do :; done\nmkdir -p "$last"\n')
    for name in ("runuser", "install"):
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setattr(arrivals, "_SPOOL", str(tmp_path / "spool"))
    return tmp_path


def test_images_of_a_database_are_exported_once(database: Path) -> None:
    script = keep_script(7, "database", "/nowhere", str(database / "copy"))
    for _ in range(2):
        done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    kept_files = {file.name: file.read_text() for file in (database / "copy/arrived").iterdir()}
    assert kept_files == {f"{uuid}.dcm": f"image {number}\n" for number, uuid in enumerate(UUIDS, 16001)}
    assert (database / "exported").read_text().split() == ["16001", "16002"]
    assert not (database / "spool").exists()


def test_what_a_database_could_not_export_is_not_taken_for_kept(database: Path) -> None:
    file = database / "bin/runuser"
    file.write_text(file.read_text().replace('echo "image $object" >"$file"', ":"))
    script = keep_script(7, "database", "/nowhere", str(database / "copy"))
    assert subprocess.run(["sh", "-c", script], capture_output=True, check=False).returncode == 1


def test_what_would_not_fit_beside_the_database_is_told_before_anything_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runuser").write_text("#!/bin/sh\necho $WANTED\n")
    (tmp_path / "runuser").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def room(wanted: int) -> subprocess.CompletedProcess[str]:
        monkeypatch.setenv("WANTED", str(wanted))
        script = room_script(7, str(tmp_path / "copy"))
        return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)

    assert room(2**20).returncode == 0
    short = room(2**60)
    assert short.returncode == 1
    assert short.stderr.startswith(f"what came since the upgrade takes {2**40} MiB, and ")


def test_the_newest_copy_tells_what_is_known_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def newest(*, doors_closed: bool) -> dict[str, str]:
        script = NEWEST_SCRIPT.replace(FOLDER, str(tmp_path)).replace(CLOSED, str(tmp_path / "closed.nft"))
        (tmp_path / "closed.nft").unlink(missing_ok=True)
        if doors_closed:
            (tmp_path / "closed.nft").touch()
        done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
        if not done.stdout:
            return {}
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as packed:
            files = {one.name: packed.extractfile(one) for one in packed if one.isfile()}
            return {name: file.read().decode() for name, file in files.items() if file is not None}

    assert newest(doors_closed=False) == newest(doors_closed=True) == {}
    for name in ("20261101T000000-aa", "20261102T000000-bb"):
        (tmp_path / name / "papers").mkdir(parents=True)
        (tmp_path / name / "papers/record.json").write_text(name)
        (tmp_path / name / "complete").touch()
    (tmp_path / "20261103T000000-cc").mkdir()  # killed while the host served
    whole = {"papers/record.json": "20261102T000000-bb", "complete": ""}
    assert newest(doors_closed=False) == newest(doors_closed=True) == whole
    assert subprocess.run(
        ["sh", "-c", NEWEST_WHOLE_SCRIPT.replace(FOLDER, str(tmp_path))], capture_output=True, check=True
    ).stdout == b"20261102T000000-bb\n"  # fmt: skip
    (tmp_path / "20261104T000000-dd/papers").mkdir(parents=True)
    (tmp_path / "20261104T000000-dd/papers/record.json").write_text("cut off before the copy was whole")
    assert newest(doors_closed=True) == {"papers/record.json": "cut off before the copy was whole"}
    assert newest(doors_closed=False) == whole


def test_only_the_patient_of_exactly_this_run_is_removed() -> None:
    script = forget_script("STREAM-20261123T000000-aa")
    assert '"Query": {"PatientID": "STREAM-20261123T000000-aa"}' in script
    assert "*" not in script
