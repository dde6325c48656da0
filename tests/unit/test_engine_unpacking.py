"""A depot file as a folder: the shell text is run here, on this machine's own disk."""

import gzip
import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from builder.engines.unpacking import Unpacked, others_script, remove_script
from builder.models.depot import Delivered

FILES = {"index.html": "page", "a/b.js": "one", "a/b.js.map": "map", "app-config.js": "theirs"}


def package(tmp_path: Path, files: dict[str, str]) -> Unpacked:
    file = tmp_path / "viewer.tgz"
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for name, text in {f"package/dist/{name}": text for name, text in files.items()}.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text), 0o600
            tar.addfile(member, io.BytesIO(text.encode()))
    content = gzip.compress(plain.getvalue(), mtime=0)  # made again it is the same file, whatever the clock says
    file.write_bytes(content)
    source = Delivered(name="v", version="1", file=file.name, path=str(file), size=len(content),
                       sha256=hashlib.sha256(content).hexdigest())  # fmt: skip
    (tmp_path / "viewers").mkdir(exist_ok=True)
    return Unpacked(source, str(tmp_path / "viewers" / "v-1"), "package/dist", ("*.map", "app-config.js"))


def sh(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", f"umask 022\n{script}"], capture_output=True, text=True, check=False)


def made(tmp_path: Path, files: dict[str, str]) -> Unpacked:
    wanted = package(tmp_path, files)
    Path(wanted.upload).write_bytes(Path(wanted.source.path).read_bytes())
    done = sh(wanted.make_script())
    assert done.returncode == 0, done.stderr
    return wanted


def state(wanted: Unpacked) -> str:
    return sh(wanted.read_script()).stdout.strip()


def test_a_package_becomes_a_folder_that_everybody_can_read_and_nothing_else_is_left(tmp_path: Path) -> None:
    wanted = package(tmp_path, FILES)
    assert state(wanted) == "due"
    made(tmp_path, FILES)
    folder = Path(wanted.folder)
    assert {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()} == {
        "index.html": "page",
        "a/b.js": "one",
    }
    assert (folder / "a").stat().st_mode & 0o777 == 0o755
    assert (folder / "index.html").stat().st_mode & 0o777 == 0o644
    assert sorted(path.name for path in folder.parent.iterdir()) == ["v-1", Path(wanted.sums).name]
    assert state(wanted) == "whole"


@pytest.mark.parametrize("fault", ["changed", "removed", "added", "link", "list"])
def test_whatever_is_not_as_it_was_unpacked_is_mended(tmp_path: Path, fault: str) -> None:
    wanted = made(tmp_path, FILES)
    folder = Path(wanted.folder)
    if fault == "changed":
        (folder / "a/b.js").write_text("two")
    elif fault == "removed":
        (folder / "a/b.js").unlink()
    elif fault == "added":
        (folder / "new.js").write_text("new")
    elif fault == "link":
        (folder / "link.js").symlink_to("/etc/passwd")
    else:
        Path(wanted.sums).write_text("")
    assert state(wanted) == "due"
    made(tmp_path, FILES)
    assert state(wanted) == "whole"
    assert not (folder / "new.js").exists()
    assert not (folder / "link.js").is_symlink()


def test_another_package_of_the_same_version_takes_the_place_of_the_first(tmp_path: Path) -> None:
    first = made(tmp_path, FILES)
    second = package(tmp_path, {**FILES, "index.html": "another page"})
    assert (state(first), state(second)) == ("whole", "due")
    made(tmp_path, {**FILES, "index.html": "another page"})
    assert (Path(second.folder) / "index.html").read_text() == "another page"


def test_a_file_that_came_cut_short_changes_nothing(tmp_path: Path) -> None:
    wanted = made(tmp_path, FILES)
    Path(wanted.upload).write_bytes(Path(wanted.source.path).read_bytes()[:-1])
    done = sh(wanted.make_script())
    assert done.returncode == 1
    assert done.stderr == "viewer.tgz did not arrive whole; run the same command again\n"
    assert state(wanted) == "whole"
    assert not Path(wanted.upload).exists()


def test_what_a_killed_run_left_is_no_hindrance(tmp_path: Path) -> None:
    wanted = package(tmp_path, FILES)
    for ending in ("part", "old"):
        left = tmp_path / "viewers" / f".v-1.{ending}"
        left.mkdir()
        (left / "half").write_text("x")
    made(tmp_path, FILES)
    assert state(wanted) == "whole"
    assert sorted(path.name for path in (tmp_path / "viewers").iterdir()) == ["v-1", Path(wanted.sums).name]


def test_other_versions_are_found_and_removed(tmp_path: Path) -> None:
    wanted = made(tmp_path, FILES)
    parent = tmp_path / "viewers"
    (parent / "v-0 old").mkdir()
    (parent / ".v-0.part").mkdir()
    keep = [Path(wanted.folder).name, Path(wanted.sums).name]
    found = sh(others_script(str(parent), keep)).stdout.splitlines()
    assert found == [".v-0.part", "v-0 old"]
    assert sh(remove_script(str(parent), found)).returncode == 0
    assert sh(others_script(str(parent), keep)).stdout == ""
    assert state(wanted) == "whole"
    assert sh(others_script(str(tmp_path / "none"), [])).stdout == ""


def test_a_plan_tells_what_would_be_unpacked(tmp_path: Path) -> None:
    wanted = package(tmp_path, FILES)
    assert wanted.described().startswith(f"# {wanted.folder}: unpacked from viewer.tgz of the depot (0.0 MB)")
