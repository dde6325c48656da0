"""What is kept of an upgrade: read again, also by another machine, and never in want of room for the way back."""

import resource
from pathlib import Path

import pytest

from builder.errors import BadInput, PacsmithError
from builder.wayback.manifest import Manifest, Stored
from builder.workflows.upgrade_record import Phase, Record, Records, from_elsewhere
from tests.unit.test_upgrade_rules import CHANGES

ONE = Stored("1.2.1", 100, "aa", "1.9", "pp", "aa")


def record(phase: Phase) -> Record:
    return Record(
        run="r", host="arc", phase=phase, changes=CHANGES, before="a", after="b", configuration=("/etc/hosts",)
    )


def test_another_machine_goes_on_with_what_the_host_keeps(tmp_path: Path) -> None:
    here, there = Records(tmp_path / "here"), Records(tmp_path / "there")
    here.keep(record("open"))
    here.keep_manifest("r", Manifest((ONE,)))
    here.keep_settings("r", {"/etc/hosts": "00"})
    papers = here.files("r")
    assert from_elsewhere({**papers, "complete": b""}) == record("open")
    with pytest.raises(BadInput, match="the copy on the host, of run r, is not whole"):
        from_elsewhere(papers)
    there.keep_files("r", papers)
    assert there.manifest("r") == Manifest((ONE,))
    assert there.settings("r") == {"/etc/hosts": "00"}
    assert list(there.of("arc")) == [], "a record counts here once the way back has begun"


def test_what_the_other_machine_did_behind_closed_doors_is_unknown(tmp_path: Path) -> None:
    here = Records(tmp_path)
    here.keep(record("closed"))
    assert from_elsewhere(here.files("r")).phase == "closed", "nothing was changed before the copy was whole"
    here.keep_manifest("r", Manifest((ONE,)))
    assert list(here.files("r"))[-1] == "record.json", "who finds it finds all"
    assert from_elsewhere(here.files("r")).phase == "closed"
    assert from_elsewhere({**here.files("r"), "complete": b""}).phase == "changing"
    with pytest.raises(BadInput, match=r"record.json of the copy on the host: no record of an upgrade"):
        from_elsewhere({})


def test_an_upgrade_that_took_no_manifest_of_the_configuration_has_none(tmp_path: Path) -> None:
    assert Records(tmp_path).settings("r") == {}
    (tmp_path / "r").mkdir()
    (tmp_path / "r/configuration-before.json").write_text("[")
    with pytest.raises(BadInput, match="the configuration's manifest cannot be read"):
        Records(tmp_path).settings("r")


def test_room_for_the_way_back_is_held_and_given_free(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.reserve("r")
    assert (tmp_path / "r/reserve").stat().st_blocks * 512 >= 8 * 2**20
    records.release("r")
    assert list(tmp_path.iterdir()) == []
    records.keep(record("closed"))
    records.release("r")
    records.reserve("killed")
    records.reserve("s")
    assert not (tmp_path / "killed").exists()
    assert next(records.of("arc")) == record("closed")


def test_where_there_is_no_room_nothing_begins(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, hard))  # for root, too; Python ignores the signal
    try:
        with pytest.raises(PacsmithError, match="wants 8 MiB for its way back; make room on this machine"):
            Records(tmp_path).reserve("r")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "r/reserve").exists()
