"""A sheet from a machine: valid by our own loader, met by that machine, and with its source on every line."""

from datetime import date
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from builder.assess.assessment import assess
from builder.assess.capture import sheet_text
from builder.cli.main import app
from builder.errors import BadInput
from builder.load.sheets import load_sheet
from builder.models.fact import Fact
from builder.models.sheet import Sheet
from builder.models.site import Host
from builder.survey import facts_from
from tests.unit.sheet_parts import TODAY, Value, facts_of
from tests.unit.site_parts import hospital

RECORDED = Path(__file__).parent / "golden" / "survey" / "archive-debian-13.txt"
STATION: dict[str, Value] = {
    "cpu.cores": "8 cores", "cpu.model": "Maker 9", "memory.total": "15.9 GiB", "gpu.memory": "unread",
    "displays.DP-1.megapixels": "3.15 MP", "displays.DP-2.megapixels": "5 MP",
    "displays.DP-1.pitch": "0.2120 mm", "displays.DP-2.pitch": "0.1650 mm",
    "displays.DP-1.product": "2741", "displays.DP-2.product": "2742",
    "os.id": "debian", "os.version": "12", "asset.serial": "FW09", "disk.system.encrypted": True,
}  # fmt: skip


def station() -> Host:
    return hospital().hosts[1]


def captured(folder: Path, host: Host, facts: dict[str, Fact]) -> Sheet:
    file = folder / "as.yml"
    file.write_text(sheet_text(host, facts, TODAY), encoding="utf-8")
    return load_sheet(file).value


def test_what_is_asked_of_others(tmp_path: Path) -> None:
    sheet = captured(tmp_path, station(), facts_of(STATION))
    assert (sheet.product.id, sheet.product.name, sheet.machine) == ("as-read02", "Like read02", "workstation")
    assert (sheet.source.title, sheet.source.read) == ("read02 as surveyed", "2026-11-22")
    data = yaml.safe_load((tmp_path / "as.yml").read_text(encoding="utf-8"))
    asked = {line.pop("id"): {key: line[key] for key in line if key != "fact"} for line in data["requirements"]}
    assert asked == {
        "cpu-model": {"is": "Maker 9", "or_equivalent": True, "place": "read02, 2026-11-22: ask cpu.model"},
        "cpu-cores": {"minimum": ">= 8 cores", "place": "read02, 2026-11-22: ask cpu.cores"},
        "memory-total": {"minimum": ">= 15.9 GiB", "tolerance": "3 %",
                         "place": "read02, 2026-11-22: ask memory.total"},
        "disk-system-encrypted": {"is": True, "place": "read02, 2026-11-22: ask disk.system.encrypted"},
        "displays-product": {"one_of": ["2741", "2742"], "or_equivalent": True,
                             "place": "read02, 2026-11-22: ask displays.DP-1.product"},
        "displays-megapixels": {"minimum": ">= 3.15 MP", "place": "read02, 2026-11-22: ask displays.DP-1.megapixels"},
        "displays-megapixels-2": {"minimum": ">= 5 MP", "at_least": 1,
                                  "place": "read02, 2026-11-22: ask displays.DP-1.megapixels"},
        "displays-pitch": {"maximum": "<= 0.212 mm", "place": "read02, 2026-11-22: ask displays.DP-1.pitch"},
        "displays-pitch-2": {"maximum": "<= 0.165 mm", "at_least": 1,
                             "place": "read02, 2026-11-22: ask displays.DP-1.pitch"},
        "os-id": {"is": "debian", "place": "read02, 2026-11-22: ask os.id"},
        "os-version": {"is": "12", "place": "read02, 2026-11-22: ask os.version"},
    }  # fmt: skip


def test_what_was_not_read_is_asked_of_nobody_and_said() -> None:
    text = sheet_text(station(), facts_of(STATION), TODAY)
    assert "# Not read there, so not asked of others: gpu.memory: permission denied\n" in text


def test_a_machine_meets_its_own_sheet(tmp_path: Path) -> None:
    host = hospital().hosts[0]
    for facts in (facts_from(RECORDED.read_text(), host), facts_of(STATION)):
        sheet = captured(tmp_path, host, facts)
        assert {one.verdict for one in assess(sheet, facts, today=TODAY)} == {"met"}


def test_a_lesser_machine_is_short_of_it(tmp_path: Path) -> None:
    sheet = captured(tmp_path, station(), facts_of(STATION))
    lesser = facts_of({**STATION, "memory.total": "8 GiB", "displays.DP-2.megapixels": "2 MP", "cpu.model": "Other 3"})
    found = {one.requirement: one.verdict for one in assess(sheet, lesser, today=TODAY)}
    assert {name for name, verdict in found.items() if verdict == "short"} == {
        "memory-total", "displays-megapixels", "displays-megapixels-2",
    }  # fmt: skip
    assert found["cpu-model"] == "unknown"  # whether it is as good, a person judges


def test_an_amount_is_rounded_in_the_machines_favour() -> None:
    facts = {"memory.total": Fact(name="memory.total", value=16_762_327_040, unit="B", command="free")}
    (line,) = yaml.safe_load(sheet_text(station(), facts, TODAY))["requirements"]
    assert line["minimum"] == ">= 15.6 GiB"
    facts = {"memory.total": Fact(name="memory.total", value=16_697_000_000, unit="B", command="free")}
    (line,) = yaml.safe_load(sheet_text(station(), facts, TODAY))["requirements"]
    assert line["minimum"] == ">= 15.55 GiB"  # 15.6 would be more than it has
    facts = {"gpu.memory": Fact(name="gpu.memory", value=20475 << 20, unit="B", command="nvidia-smi")}
    (line,) = yaml.safe_load(sheet_text(station(), facts, TODAY))["requirements"]
    assert (line["minimum"], line["tolerance"]) == (">= 19.99 GiB", "3 %")


def test_of_nothing_there_is_no_sheet() -> None:
    with pytest.raises(BadInput, match=r"^read02: nothing was read that could be a standard for others; survey it"):
        sheet_text(station(), {}, TODAY)


def test_the_command_prints_a_sheet_that_hosts_are_held_against(recorded_example: Path) -> None:
    done = CliRunner().invoke(app, ["survey", "--host", "archive01", "--recorded", "answers", "--as-sheet"])
    assert done.exit_code == 0, done.output
    (recorded_example / "specs" / "as-archive01.yml").write_text(done.stdout, encoding="utf-8")
    held = ["assess", "--host", "archive01", "--recorded", "answers", "--plan-for", "as-archive01"]
    planned = CliRunner().invoke(app, held)
    assert planned.exit_code == 0, planned.output
    assert f"archive01, {date.today()}: " in planned.stdout or "level minimum" in planned.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "--as-sheet speaks of one machine, and 3 are selected; name it with --host"),
        (["--host", "archive01", "--json"],
         "--as-sheet prints a sheet and nothing else; leave out --outliers and --json"),
    ],
)  # fmt: skip
def test_what_makes_no_sheet(recorded_example: Path, words: list[str], sentence: str) -> None:
    done = CliRunner().invoke(app, ["survey", "--recorded", str(recorded_example / "answers"), "--as-sheet", *words])
    assert isinstance(done.exception, BadInput)
    assert str(done.exception) == sentence


DESK_AND_GREYS: dict[str, Value] = {
    "displays.count": 3, "displays.DP-1.megapixels": "2.3 MP", "displays.DP-2.megapixels": "5.2 MP",
    "displays.DP-3.megapixels": "5.2 MP", "displays.DP-1.maker": "DEL", "displays.DP-2.maker": "EIZ",
    "displays.DP-3.maker": "EIZ",
}  # fmt: skip


def test_a_station_is_not_as_good_as_its_worst_display(tmp_path: Path) -> None:
    sheet = captured(tmp_path, station(), facts_of(DESK_AND_GREYS))
    for values, short in (
        (DESK_AND_GREYS, set()),
        # The same displays on other connectors, and three that are as good as the desktop's.
        ({**DESK_AND_GREYS, "displays.DP-1.megapixels": "5.2 MP", "displays.DP-3.megapixels": "2.3 MP"}, set()),
        ({**DESK_AND_GREYS, "displays.DP-3.megapixels": "2.3 MP"}, {"displays-megapixels-2"}),
    ):
        found = assess(sheet, facts_of(values), today=TODAY)
        assert {one.requirement for one in found if one.verdict == "short"} == short
    (other,) = [one for one in assess(sheet, facts_of({**DESK_AND_GREYS, "displays.DP-2.maker": "ACR"}), today=TODAY)
                if one.requirement == "displays-maker"]  # fmt: skip
    assert other.verdict == "unknown"  # a product code is its maker's own


def test_memory_is_asked_once_and_error_correction_only_of_those_that_have_it() -> None:
    def asked(values: dict[str, Value]) -> list[str]:
        lines = yaml.safe_load(sheet_text(station(), facts_of({"os.id": "debian", **values}), TODAY))["requirements"]
        return [line["fact"] for line in lines if line["fact"].startswith("memory")]

    assert asked({"memory.total": "15.6 GiB", "memory.installed": "16 GiB"}) == ["memory.total"]
    assert asked({"memory.total": "unread", "memory.installed": "16 GiB"}) == ["memory.installed"]
    assert asked({"memory.ecc": "none"}) == []
    assert asked({"memory.ecc": "Multi-bit ECC"}) == ["memory.ecc"]


def test_a_line_is_placed_by_what_was_read_and_not_by_a_script() -> None:
    script = "found=; for f in /sys/class/drm/card*-*/edid; do [ -r $f ] && [ $(wc -c <$f) -gt 0 ] || continue; done"
    facts = {
        name: Fact(name=name, value=value, command=script)
        for name, value in (("displays.count", 2), ("cpu.model", "Maker 9"))
    }
    places = [line["place"] for line in yaml.safe_load(sheet_text(station(), facts, TODAY))["requirements"]]
    assert places == [
        "read02, 2026-11-22: found=; for f in /sys/class/drm/card*-*/edid; do [ -r $f ]\u2026",
        "read02, 2026-11-22: what its displays say of themselves (EDID)",
    ]
