"""Files that are not ours in a folder which a service reads whole: seen by name, put aside, never lost."""

import subprocess
from pathlib import Path

import pytest

from builder.engines.foreign import aside_script, foreign_script
from tests.unit.engine_site import HereAndNow

OURS = ("orthanc.json", "gdcm.json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "orthanc"
    (made / "folder.json").mkdir(parents=True)
    for name in (*OURS, "zz extra.json", "ZZ.JSON", "orthanc.json.dpkg-dist", "notes.txt", ".hidden.json.pacsmith"):
        (made / name).write_text(name)
    return made


def shell(script: str, path: str | None = None) -> str:
    environment = {"PATH": f"{path}:/usr/bin:/bin" if path else "/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env=environment)
    return done.stdout


def test_only_what_the_service_would_read_is_foreign(folder: Path) -> None:
    (folder / "link.json").symlink_to("/etc/hostname")
    found = shell(foreign_script(str(folder), ".json", OURS)).splitlines()
    assert found == ["ZZ.JSON", "link.json", "zz extra.json"]


def test_a_file_of_a_debian_package_is_left_where_it_is(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "dpkg-query").write_text('#!/bin/sh\ncase "$2" in */"zz extra.json") exit 0;; esac; exit 1\n')
    (tmp_path / "dpkg-query").chmod(0o755)
    assert shell(foreign_script(str(folder), ".json", OURS), str(tmp_path)).splitlines() == ["ZZ.JSON"]


def test_a_folder_that_is_not_there_yet_holds_nothing(tmp_path: Path) -> None:
    assert shell(foreign_script(str(tmp_path / "none"), ".json", OURS)) == ""


def test_put_aside_twice_loses_nothing_and_the_mark_tells_of_both(folder: Path, tmp_path: Path) -> None:
    mark, seen = tmp_path / "stamps" / "mark", set()
    for text in ("first", "second"):
        (folder / "zz extra.json").write_text(text)
        shell(aside_script(str(folder), ["zz extra.json"], str(mark)))
        assert "zz extra.json" not in shell(foreign_script(str(folder), ".json", OURS)).splitlines()
        seen.add(mark.read_text())
    assert sorted(path.read_text() for path in folder.glob("zz extra.json.put-aside*")) == ["first", "second"]
    assert len(seen) == 2


def test_a_plan_names_the_files_and_moves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = HereAndNow(tmp_path, monkeypatch)
    (engine.folder / "a.json").touch()
    (engine.folder / "zz.json").touch()
    engine.role('only("Only ours", variables.folder, ".json", ["a.json"])')
    assert engine.run("plan").changed == {"here": 1}
    assert engine.step("Only ours").diff == f"# {engine.folder}/zz.json: not pacsmith's, renamed to zz.json.put-aside"
    assert (engine.folder / "zz.json").exists()


# waiting


def test_a_wait_is_no_change_in_a_plan_or_in_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = HereAndNow(tmp_path, monkeypatch)
    # The check comes true the third time it is asked: a plan must not ask it, a run must wait for it.
    engine.role(
        'count = variables.folder + "/count"\n'
        'wait_for("It answers", f"echo x >> {count}; test $(wc -l < {count}) -ge 3", 20)'
    )
    assert engine.run("plan").changed == {"here": 0}
    assert not (engine.folder / "count").exists()
    result = engine.run("converge")
    assert (result.ok, result.changed, result.coverage) == (True, {"here": 0}, 1.0)
    assert engine.step("It answers").status == "ok"
    assert (engine.folder / "count").read_text() == "x\n" * 3


@pytest.mark.parametrize(("seconds", "give_up"), [(0, None), (60, "true")])
def test_a_wait_in_vain_says_what_was_said_last(
    seconds: int, give_up: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = HereAndNow(tmp_path, monkeypatch)
    engine.role(
        f'wait_for("It answers", "echo no answer >&2; false", {seconds}, give_up={give_up!r}, tell="echo see the log")'
    )
    result = engine.run("converge")
    assert result.failed == ("here",)
    assert engine.step("It answers").error == "no answer\nsee the log"
