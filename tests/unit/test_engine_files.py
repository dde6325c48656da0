"""Files on a host: read, compared, shown and written. The shell text is run here, in a folder of its own."""

import grp
import os
import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from builder.engines.files import (
    HIDDEN,
    AbsentSpec,
    DirectorySpec,
    FileSpec,
    LinkSpec,
    Present,
    Spec,
    diff,
    differs,
    parse,
    read_script,
    temporary,
    write_script,
)

OWNER, GROUP = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name


def shell(script: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["sh"], input=script, capture_output=True, text=True, check=False)


def look(specs: Sequence[Spec]) -> tuple[Present, ...]:
    return parse(specs, shell(read_script(specs)).stdout)


def write(specs: Sequence[Spec]) -> "subprocess.CompletedProcess[str]":
    return shell(write_script(specs))


def file(path: Path, content: str | bytes, mode: str = "644", **more: object) -> FileSpec:
    return FileSpec(str(path), content, mode, OWNER, GROUP, **more)  # type: ignore[arg-type]


def test_what_was_written_is_read_back_as_wanted(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder with 'quotes'"
    specs: list[Spec] = [
        DirectorySpec(str(folder), "750", OWNER, GROUP),
        file(folder / "text.conf", "one\ntwo\n"),
        file(folder / "empty", ""),
        file(folder / "raw", bytes(range(256)) * 2000, "600"),
        file(folder / "secret", "pass word\n", "600", secret=True),
        LinkSpec(str(folder / "link"), "text.conf"),
        AbsentSpec(str(folder / "gone")),
    ]
    assert [present.kind for present in look(specs)] == ["absent"] * 7
    folder.mkdir(parents=True)
    (folder / "gone").write_text("old")
    assert write(specs).returncode == 0
    found = look(specs)
    assert not [spec for spec, present in zip(specs, found, strict=True) if differs(spec, present)]
    assert (folder / "raw").read_bytes() == bytes(range(256)) * 2000
    assert (folder / "secret").stat().st_mode & 0o777 == 0o600
    assert found[4].content is None, "the content of a secret file is never read"
    assert sorted(path.name for path in folder.iterdir()) == ["empty", "link", "raw", "secret", "text.conf"]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda path: path.write_text("other\n"), "-other\n+mine"),
        (lambda path: path.chmod(0o666), "666 {owner} {group} -> 644 {owner} {group}"),
        (lambda path: path.unlink(), "absent -> 644 {owner} {group}"),
        (lambda path: (path.unlink(), path.symlink_to("/etc/passwd")), "link -> 644 {owner} {group}"),
    ],
)
def test_a_moved_file_differs_and_is_mended(tmp_path: Path, spoil: object, expected: str) -> None:
    spec = file(tmp_path / "f", "mine\n")
    write([spec])
    spoil(tmp_path / "f")  # type: ignore[operator]
    (present,) = look([spec])
    assert differs(spec, present)
    assert expected.format(owner=OWNER, group=GROUP) in diff(spec, present)
    write([spec])
    assert not differs(spec, look([spec])[0])
    assert not (tmp_path / "f").is_symlink()


def test_a_secret_is_never_in_a_diff() -> None:
    spec = FileSpec("/etc/secret", "hunter2hunter2\n", "600", secret=True)
    for present in (Present("absent"), Present("file", "600", "root", "root", "0" * 64)):
        shown = diff(spec, present)
        assert HIDDEN in shown
        assert "hunter2" not in shown


def test_binary_and_endless_content_is_not_poured_into_a_diff() -> None:
    assert "not text" in diff(FileSpec("/b", b"\xff\xfe"), Present("absent"))
    long = diff(FileSpec("/l", "line\n" * 1000), Present("absent"))
    assert "more lines" in long
    assert len(long.splitlines()) < 500


def test_what_is_not_shown_of_a_difference_is_told_apart_all_the_same() -> None:
    """Or a plan could not tell that it would now do something else."""
    other = "line\n" * 999 + "lime\n"
    assert diff(FileSpec("/l", "line\n" * 1000), Present("absent")) != diff(FileSpec("/l", other), Present("absent"))
    there = Present("file", "644", "root", "root", "a" * 64, b"\xff")
    changed = Present("file", "644", "root", "root", "b" * 64, b"\xfe")
    assert diff(FileSpec("/b", b"\xff\xfe"), there) != diff(FileSpec("/b", b"\xff\xfe"), changed)


def test_a_refused_file_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """One of two files fails its check: neither is put in place, and nothing is left lying about."""
    good, bad = file(tmp_path / "good", "new\n"), file(tmp_path / "bad", "wrong\n", validate="grep -q right %s")
    (tmp_path / "good").write_text("old\n")
    answer = write([good, bad])
    assert answer.returncode != 0
    assert f"{tmp_path}/bad: the new content was refused by its check" in answer.stderr
    assert (tmp_path / "good").read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["good"]


def test_the_check_sees_the_new_content_before_it_counts(tmp_path: Path) -> None:
    spec = file(tmp_path / "f", "right\n", validate=f"grep -q right %s && ! test -e {tmp_path}/f")
    assert write([spec]).returncode == 0


def test_new_content_waits_where_no_service_looks() -> None:
    assert temporary("/etc/nginx/conf.d/site.conf") == "/etc/nginx/conf.d/.site.conf.pacsmith"


def test_a_short_answer_is_an_error_not_an_empty_file() -> None:
    with pytest.raises(ValueError, match="/etc/b: the host's answer is cut short"):
        parse([FileSpec("/etc/a", ""), FileSpec("/etc/b", "")], "absent|||\n\n\n")
