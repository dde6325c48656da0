"""The manifest of a host's configuration: which setting is another one, and never what it says."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from builder.wayback.configuration import changed, read_script, settings

SECRET = "hunter2-Quartz"


def read(folder: Path, *files: Path) -> str:
    done = subprocess.run(
        ["sh", "-c", read_script(str(folder / "copy"), [str(one) for one in files])],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def of(folder: Path, document: Mapping[str, object]) -> Mapping[str, str]:
    (folder / "orthanc.json").write_text(json.dumps(document))
    return settings(read(folder, folder / "orthanc.json"))


def test_each_value_is_a_setting_and_what_is_more_is_no_change(tmp_path: Path) -> None:
    modality = {"CT": {"AET": "CT", "Port": 104}, "MR": {"AET": "MR", "Port": 104}}
    before = of(tmp_path, {"DicomAet": "ARC", "DicomModalities": modality, "RegisteredUsers": {"a": SECRET}})
    assert len(before) == 6
    more = of(tmp_path, {"New": 1, "RegisteredUsers": {"a": SECRET}, "DicomModalities": modality, "DicomAet": "ARC"})
    assert changed(before, more) == ()
    file = tmp_path / "orthanc.json"
    other = of(tmp_path, {"DicomAet": "ARC", "DicomModalities": {"CT": {"AET": "CT2", "Port": 104}}})
    assert changed(before, other) == (
        f"{file}: DicomModalities.CT.AET is another one",
        f"{file}: DicomModalities.MR.AET is gone",
        f"{file}: DicomModalities.MR.Port is gone",
        f"{file}: RegisteredUsers.a is gone",
    )


def test_what_is_kept_tells_no_value_and_another_host_has_another_salt(tmp_path: Path) -> None:
    document = {"RegisteredUsers": {"a": SECRET}}
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one, two = of(tmp_path / "one", document), of(tmp_path / "two", document)
    assert SECRET not in json.dumps(dict(one))
    assert set(one.values()).isdisjoint(two.values())
    assert (tmp_path / "one/copy/salt").stat().st_mode & 0o077 == 0


def test_other_files_are_one_setting_and_one_that_is_gone_is_said(tmp_path: Path) -> None:
    users, broken, gone = (tmp_path / name for name in ("archive.users", "broken.json", "gone"))
    users.write_bytes(b"ada:\xff\n")
    broken.write_text("{")
    before = settings(read(tmp_path, users, broken, gone))
    assert set(before) == {str(users), str(broken)}
    users.unlink()
    assert changed(before, settings(read(tmp_path, users, broken, gone))) == (f"{users} is gone",)


@pytest.mark.parametrize("text", ["\n/etc/hosts YQ==", "salt\n/etc/hosts *"])
def test_what_the_script_does_not_print_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no configuration"):
        settings(text)
