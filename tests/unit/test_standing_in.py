"""Recorded facts stand in for the hardware that a container hides: with their day, and never for a living fact."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from builder.assess.assessment import assess
from builder.assess.proof import evidence_of
from builder.cli.survey import _said
from builder.errors import BadInput
from builder.inventory import build_inventory
from builder.inventory.build import archives_of
from builder.load import load_site
from builder.load.place import recordings_of
from builder.load.shipped import example_site
from builder.models.fact import Fact
from builder.survey import facts_from, recording_of, stand_in
from builder.workflows import survey as reading
from tests.unit.sheet_parts import sheet_of, stated

UNIT = Path(__file__).parent
SITE = load_site(example_site()).value
READER = next(host for host in SITE.hosts if host.name == "read02")
LIVING = (UNIT / "golden" / "survey" / "workstation-debian-12.txt").read_text()
CARD = (UNIT / "recorded" / "nvidia-smi" / "quadro-p2000.xml").read_text()
LINE = '{fact: gpu.memory, minimum: ">= 2 GiB"}'


def living() -> dict[str, Fact]:
    return facts_from(LIVING, READER, archives_of(SITE, READER))


def folder_with(folder: Path, day: str = "2026-11-18", text: str = CARD) -> Path:
    place = folder / "recorded" / "read02" / day
    place.mkdir(parents=True)
    (place / "nvidia-smi.xml").write_text(text)
    return folder / "recorded"


def complete(folder: Path, facts: dict[str, Fact]) -> dict[str, Fact]:
    recording = recording_of(folder, READER)
    assert recording is not None
    return stand_in(facts, facts_from(recording.text, READER), recording.day, recording.place)


def test_a_recorded_card_stands_in_and_the_evidence_says_so(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    facts = complete(folder, living())
    card = facts["gpu.model"]
    assert (card.value, card.recorded) == ("Quadro P2000", "2026-11-18")
    (found,) = assess(sheet_of(LINE), facts, today=date(2026, 11, 22))
    why = f"recorded on 2026-11-18 in {folder}/read02/2026-11-18, since systemd-nspawn shows the machine beneath"
    assert found.verdict == "met"
    assert found.sentence == f"Graphics memory: 5 GiB ({why}), as asked."
    proof = evidence_of(found, "read02", "run", datetime(2026, 11, 22, tzinfo=UTC))
    assert proof.probe == "survey: recorded on 2026-11-18: nvidia-smi -q -x"
    assert why in proof.observed


def test_what_lives_stays_living(tmp_path: Path) -> None:
    facts, before = complete(folder_with(tmp_path), living()), living()
    changed = {name for name in facts if facts[name] != before.get(name)}
    assert all(name.startswith(("gpu.", "gpus.")) for name in changed)
    assert all(facts[name].recorded for name in changed)
    assert not [name for name, fact in facts.items() if fact.recorded and name not in changed]
    assert facts["gpu.opengl"] == before["gpu.opengl"], "nobody has recorded it, so its own reason stays"
    assert facts["package.aeskulap"].value


@pytest.mark.parametrize("machine", ["none", "kvm"])
def test_on_a_machine_that_is_no_container_nothing_stands_in(tmp_path: Path, machine: str) -> None:
    real = LIVING.replace("begin virtualisation\nsystemd-nspawn", f"begin virtualisation\n{machine}")
    real = real.replace("end virtualisation 0", f"end virtualisation {int(machine == 'none')}")
    facts = facts_from(real, READER)
    assert facts["virtualisation"].value == machine
    assert complete(folder_with(tmp_path), facts) == facts


def test_of_a_machine_that_does_not_say_what_it_is_nothing_is_replaced(tmp_path: Path) -> None:
    facts = facts_from(LIVING.replace("begin virtualisation\nsystemd-nspawn", "begin virtualisation\n"), READER)
    assert facts["virtualisation"].error
    assert complete(folder_with(tmp_path), facts) == facts


def test_drives_are_never_of_both_machines() -> None:
    here = {one.name: one for one in (stated("drives.vda.size", "256 GiB"), stated("drives.count", 1))}
    here["virtualisation"] = stated("virtualisation", "systemd-nspawn")
    there = {"drives.nvme0n1.size": stated("drives.nvme0n1.size", "1 TiB"), "drives.count": stated("drives.count", 1)}
    facts = stand_in(here, there, "2026-11-18", "x")
    assert sorted(facts) == ["drives.count", "drives.nvme0n1.size", "virtualisation"]
    counted = stand_in(here, {"drives.count": stated("drives.count", 2)}, "2026-11-18", "x")
    assert sorted(counted) == ["drives.count", "drives.vda.size", "virtualisation"]
    assert counted["drives.count"].value == 2


def test_a_recording_that_says_nothing_replaces_nothing(tmp_path: Path) -> None:
    broken = folder_with(tmp_path, text=CARD[:-60])
    assert complete(broken, living()) == living()


def test_the_latest_day_counts_and_each_is_named_after_one(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, "2025-03-01", CARD.replace("Quadro P2000", "Quadro P400"))
    folder_with(tmp_path)
    (folder / "read02" / "2026-01-01.txt").write_text(LIVING)
    assert complete(folder, living())["gpu.model"].value == "Quadro P2000"
    (folder / "read02" / "yesterday").mkdir()
    with pytest.raises(BadInput, match=r"read02/yesterday: name it after the day on which it was recorded, as 2026-"):
        recording_of(folder, READER)
    assert recording_of(folder, SITE.hosts[0]) is None


def test_a_whole_answer_may_stand_in_and_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "recorded"
    (folder / "read02").mkdir(parents=True)
    (folder / "read02" / "2026-11-18.txt").write_text(
        LIVING.replace("MemTotal:       24684084", "MemTotal:       1048576")
    )
    assert complete(folder, living())["memory.total"].value == 1 << 30
    (folder / "read02" / "2026-11-19.txt").write_text("a note\n")
    with pytest.raises(BadInput, match="this is no recorded survey"):
        recording_of(folder, READER)


def test_a_survey_of_the_site_takes_the_folder_beside_the_site_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_with(tmp_path)
    assert recordings_of(tmp_path / "site.yml") == folder
    assert recordings_of(folder / "site.yml") is None
    machines = [one for one in build_inventory(SITE, roles=False).machines if one.host.name == "read02"]
    monkeypatch.setattr(reading, "_read", lambda machine: reading.HostFacts(machine, living()))
    (one,) = reading.survey_hosts(machines, folder)
    assert one.facts["gpu.model"].recorded == "2026-11-18"
    (bare,) = reading.survey_hosts(machines)
    assert bare.facts == living()


def test_what_was_recorded_as_absent_says_so_too(tmp_path: Path) -> None:
    ecc = complete(folder_with(tmp_path), living())["gpu.ecc"]
    assert ecc.absent
    assert _said(ecc).startswith("- absent (recorded on 2026-11-18 in ")


def test_the_recordings_of_the_demo_can_be_read_and_name_their_day() -> None:
    facts = complete(UNIT.parents[1] / "inventory" / "example" / "recorded", living())
    assert (facts["gpu.model"].value, facts["gpu.model"].recorded) == ("NVIDIA T1000 8GB", "2026-11-18")
    assert facts["memory.total"].value == 32594120 * 1024
