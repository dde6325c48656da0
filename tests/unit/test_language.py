"""What a sheet can say beyond a bound: each form with facts that meet it, that miss it and that cannot tell."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.assess.assessment import assess
from builder.assess.proof import evidence_of
from builder.assess.workload import declared_facts
from builder.load import load_site
from builder.load.shipped import example_site
from builder.models.days import before, last_day
from builder.models.fact import Fact
from builder.models.site import Asset
from builder.models.workload import Workload
from tests.unit.sheet_parts import TODAY, Value, facts_of, finding_of, sheet_of

Values = dict[str, Value]
TODAY_AND_NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
DISPLAYS = """
levels:
  - {level: desirable, fact: displays.count, minimum: ">= 3"}
  - {level: in a pinch, fact: displays.count, minimum: ">= 1"}
"""
RELEASES = """
levels:
  - {level: minimum, fact: os.version, one_of: ["10", "11"]}
  - {level: not tested, fact: os.version, one_of: ["7", "8.1"]}
  - {level: not supported, fact: os.version, maximum: "< 7"}
"""


@pytest.mark.parametrize(
    ("line", "values", "verdict", "level", "grade"),
    [
        (DISPLAYS, {"displays.count": 3}, "met", "desirable", "recommended"),
        (DISPLAYS, {"displays.count": 2}, "met", "in a pinch", "degraded"),
        (DISPLAYS, {"displays.count": 0}, "short", None, None),
        (DISPLAYS, {"displays.count": "unread"}, "unknown", None, None),
        (RELEASES, {"os.version": "11"}, "met", "minimum", "minimum"),
        (RELEASES, {"os.version": "8.1"}, "unknown", "not tested", "untested"),
        (RELEASES, {"os.version": "6"}, "short", "not supported", "refused"),
        (RELEASES, {"os.version": "9"}, "short", None, None),
        (RELEASES, {}, "unknown", None, None),
    ],
)
def test_levels_of_the_vendor_s_own(line: str, values: Values, verdict: str, level: str | None, grade: str) -> None:
    finding = finding_of(line, values)
    assert (finding.verdict, finding.level, finding.grade) == (verdict, level, grade)
    if level == "in a pinch":
        assert finding.qualified == "in a pinch; desirable is not reached"
    if level == "not tested":
        assert finding.attest == "PACS administrator"


def test_a_better_level_that_cannot_be_told_is_said_and_not_claimed() -> None:
    line = """
    levels:
      - {level: optimal, fact: gpu.memory, minimum: ">= 8 GiB"}
      - {level: minimum, fact: displays.count, minimum: ">= 1"}
    """
    finding = finding_of(line, {"displays.count": 1, "gpu.memory": "unread"})
    assert (finding.verdict, finding.level) == ("met", "minimum")
    assert finding.qualified is not None
    assert "whether optimal is reached is open" in finding.qualified


def test_a_level_below_one_that_cannot_be_told_is_no_refusal() -> None:
    line = """
    levels:
      - {level: minimum, fact: gpu.memory, minimum: ">= 8 GiB"}
      - {level: not supported, fact: displays.count, maximum: "<= 1"}
    """
    assert finding_of(line, {"displays.count": 1, "gpu.memory": "unread"}).verdict == "unknown"
    assert finding_of(line, {"displays.count": 1, "gpu.memory": "4 GiB"}).verdict == "short"
    assert finding_of(line, {"displays.count": "unread", "gpu.memory": "4 GiB"}).verdict == "short"


def test_a_line_at_a_level_of_the_vendor_s_own() -> None:
    line = '{fact: memory.total, minimum: ">= 3 GiB", level: desirable}'
    good, small = (finding_of(line, {"memory.total": size}) for size in ("4 GiB", "2 GiB"))
    assert (good.verdict, good.level, good.grade) == ("met", "desirable", "recommended")
    assert (small.verdict, small.level, small.grade) == ("met", "minimum", "minimum")
    assert small.qualified == "no minimum is stated; desirable >= 3 GiB is not reached"
    assert small.sentence == ("Main memory: 2 GiB; desirable is >= 3 GiB, which is not reached; no minimum is stated.")


EXCLUDED = "{fact: os.id, not_one_of: [windows, darwin]}"
OLD_WINDOWS = """
none_of:
  - all_of: [{fact: os.id, is: windows}, {fact: os.version, maximum: "< 10"}]
  - {fact: virtualisation, is: citrix}
"""
RANGE = '{fact: package.solr, versions: ">=7,<8,!=7.3"}'


@pytest.mark.parametrize(
    ("line", "values", "verdict", "said"),
    [
        (EXCLUDED, {"os.id": "debian"}, "met", "Operating system: debian, as asked."),
        (EXCLUDED, {"os.id": "windows"}, "short", "asked is not windows and not darwin."),
        (EXCLUDED, {"os.id": "absent"}, "met", "Operating system: absent, as asked."),
        (EXCLUDED, {"os.id": "unread"}, "unknown", "permission denied."),
        (OLD_WINDOWS, {"os.id": "windows", "os.version": "10", "virtualisation": "none"}, "met", "is not excluded."),
        (OLD_WINDOWS, {"os.id": "windows", "os.version": "7", "virtualisation": "none"}, "short", "7, as excluded."),
        (OLD_WINDOWS, {"os.id": "windows", "virtualisation": "none"}, "unknown", "did not ask for it."),
        (OLD_WINDOWS, {"os.id": "debian", "virtualisation": "citrix"}, "short", "citrix, as excluded."),
        (RANGE, {"package.solr": "7.7.3"}, "met", "7.7.3, as asked."),
        (RANGE, {"package.solr": "8.0"}, "short", "asked is >= 7 and < 8 and not 7.3."),
        (RANGE, {"package.solr": "7.3"}, "short", "not 7.3."),
        (RANGE, {"package.solr": "eight"}, "unknown", "no version that can be compared."),
    ],
)
def test_exclusions_and_upper_bounds(line: str, values: Values, verdict: str, said: str) -> None:
    finding = finding_of(line, values)
    assert finding.verdict == verdict
    assert finding.sentence.endswith(said), finding.sentence


SCHEMA = "{equal: [package.dcm4chee, package.dcm4chee-schema], precision: minor}"
PAIR = '{equal: ["displays.*.product"], at_least: 2}'
PACKAGES = '{equal: ["postgresql.setting.*"]}'
NOT_OLDER = '{fact: package.orthanc-postgresql, minimum: ">= package.orthanc"}'
TWO_OF_THEM = '{fact: "disk.*.free", minimum: ">= 1 GiB", at_least: 2}'
EACH = '{fact: "disk.*.free", minimum: ">= 1 GiB"}'


@pytest.mark.parametrize(
    ("line", "values", "verdict"),
    [
        (SCHEMA, {"package.dcm4chee": "5.35.0", "package.dcm4chee-schema": "5.35.1"}, "met"),
        (SCHEMA, {"package.dcm4chee": "5.35.0", "package.dcm4chee-schema": "5.34.2"}, "short"),
        (SCHEMA, {"package.dcm4chee": "5.35.0"}, "unknown"),
        (SCHEMA, {"package.dcm4chee": "5.35.0", "package.dcm4chee-schema": "5"}, "unknown"),
        (PAIR, {"displays.DP-1.product": "0A", "displays.DP-2.product": "0A", "displays.DP-3.product": "0B"}, "met"),
        (PAIR, {"displays.DP-1.product": "0A", "displays.DP-2.product": "0B"}, "short"),
        (PAIR, {"displays.DP-1.product": "0A", "displays.DP-2.product": "unread"}, "unknown"),
        (PAIR, {"displays.DP-1.product": "0A"}, "short"),
        (PAIR, {}, "unknown"),
        (PACKAGES, {"postgresql.setting.a": "on", "postgresql.setting.b": "on"}, "met"),
        (PACKAGES, {"postgresql.setting.a": "on", "postgresql.setting.b": "off"}, "short"),
        (PACKAGES, {"postgresql.setting.a": "on"}, "unknown"),
        (NOT_OLDER, {"package.orthanc": "1.12", "package.orthanc-postgresql": "1.12.1"}, "met"),
        (NOT_OLDER, {"package.orthanc": "1.12", "package.orthanc-postgresql": "1.11"}, "short"),
        (NOT_OLDER, {"package.orthanc": "unread", "package.orthanc-postgresql": "1.11"}, "unknown"),
        (TWO_OF_THEM, {"disk.a.free": "2 GiB", "disk.b.free": "2 GiB", "disk.c.free": "1 MiB"}, "met"),
        (TWO_OF_THEM, {"disk.a.free": "2 GiB", "disk.b.free": "1 MiB"}, "short"),
        (TWO_OF_THEM, {"disk.a.free": "2 GiB", "disk.b.free": "unread"}, "unknown"),
        (TWO_OF_THEM, {}, "unknown"),
        (EACH, {"disk.a.free": "2 GiB", "disk.b.free": "2 GiB"}, "met"),
        (EACH, {"disk.a.free": "2 GiB", "disk.b.free": "1 MiB"}, "short"),
        (EACH, {"disk.a.free": "2 GiB", "disk.b.free": "unread"}, "unknown"),
    ],
)
def test_relations_between_facts(line: str, values: Values, verdict: str) -> None:
    assert finding_of(line, values).verdict == verdict


TEN_TIMES = '{fact: memory.total, minimum: ">= 10 * workload.largest_data_set", tolerance: 3 %}'
VOXELS = """
fact: memory.total
minimum: ">= 200 MiB + 4 B * workload.columns * workload.rows * workload.slices"
"""
BYTES_BY_DEPTH = '{fact: memory.total, minimum: ">= displays.left.depth * workload.slices * 1024 * 1024"}'
DIVIDED = '{fact: memory.total, minimum: ">= 1 GiB / workload.years"}'


@pytest.mark.parametrize(
    ("line", "values", "verdict", "said"),
    [
        (TEN_TIMES, {"memory.total": "20 GiB", "workload.largest_data_set": "2 GiB"}, "met",
         "Main memory: 20 GiB, as asked: >= 20 GiB (10 \u00d7 largest data set; largest data set: 2 GiB)."),
        (TEN_TIMES, {"memory.total": "19.4 GiB", "workload.largest_data_set": "2 GiB"}, "met", ""),
        (TEN_TIMES, {"memory.total": "19.3 GiB", "workload.largest_data_set": "2 GiB"}, "short",
         "Main memory: 19.3 GiB; asked is >= 20 GiB (10 \u00d7 largest data set; largest data set: 2 GiB)."),
        (TEN_TIMES, {"memory.total": "20 GiB"}, "unknown",
         "Main memory: cannot be told, since the site file does not say the largest data set (the host's "
         "workload.largest_data_set)."),
        (VOXELS, {"memory.total": "712 MiB", "workload.columns": 512, "workload.rows": 512, "workload.slices": 512},
         "met", ""),
        (VOXELS, {"memory.total": "711 MiB", "workload.columns": 512, "workload.rows": 512, "workload.slices": 512},
         "short", ""),
        (BYTES_BY_DEPTH, {"memory.total": "1 MiB", "displays.left.depth": "8 bit", "workload.slices": 1}, "met", ""),
        (BYTES_BY_DEPTH, {"memory.total": "1 MiB", "displays.left.depth": "8 bit", "workload.slices": 2}, "short", ""),
        (DIVIDED, {"memory.total": "1 MiB", "workload.years": 0}, "unknown",
         "Main memory: cannot be told, since 1 GiB / workload.years divides by nothing."),
    ],
)  # fmt: skip
def test_formulas(line: str, values: Values, verdict: str, said: str) -> None:
    finding = finding_of(line, values)
    assert finding.verdict == verdict
    assert not said or finding.sentence == said


def test_what_the_site_file_does_not_say_is_for_a_person_to_write_there() -> None:
    """And nothing is accepted on a person's word where a probe could not read."""
    size: Values = {"memory.total": "4 GiB"}
    assert finding_of(TEN_TIMES, size).attest == "PACS administrator"
    assert finding_of(TEN_TIMES, {}).attest is None
    assert finding_of(TABLE, {**GROWING, "cpu.threads": 8, **size}).attest == "PACS administrator"
    assert finding_of(CONDITION, {**size, "displays.count": 2}).attest == "PACS administrator"
    assert finding_of(CONDITION, size).attest is None
    assert finding_of(CONDITION, {**size, "displays.count": "unread"}).attest is None
    assert finding_of("{fact: asset.released, within: 5 years}", {}).attest == "PACS administrator"


def test_an_uncertain_input_leaves_the_bound_open_only_where_it_matters() -> None:
    line = '{fact: memory.total, minimum: ">= 1 GiB * postgresql.latency / 1 ms"}'
    slow = Fact(name="postgresql.latency", value=0.002, unit="s", uncertainty=0.0005, command="x")
    for size, verdict in (("4 GiB", "met"), ("2 GiB", "unknown"), ("1 GiB", "short")):
        facts = {**facts_of({"memory.total": size}), slow.name: slow}
        assert assess(sheet_of(line), facts, today=TODAY)[0].verdict == verdict


TABLE = """
table:
  by: workload.studies_per_year * (1 + workload.growth) ^ workload.years
  rows:
    - up_to: 5000
      all_of: [{fact: cpu.threads, minimum: ">= 8"}, {fact: memory.total, minimum: ">= 16 GiB"}]
    - {up_to: 50000, fact: memory.total, minimum: ">= 32 GiB", recommended: ">= 64 GiB"}
"""
GROWING: Values = {"workload.growth": "5 %", "workload.years": 2}


@pytest.mark.parametrize(
    ("studies", "memory", "verdict", "said"),
    [
        (4000, "16 GiB", "met", "(row up to 5000 of the table by studies a year \u00d7 "
                                "(1 + growth a year) ^ years of the contract, here 4410)."),
        (4535, "16 GiB", "met", "here 4999.8375)."),
        (4536, "16 GiB", "short", "here 5000.94)."),
        (40000, "32 GiB", "met", "here 44100)."),
        (40000, "16 GiB", "short", "here 44100)."),
        (46000, "64 GiB", "unknown", "above the last row of the sheet's table (50000), which does not say what is "
                                     "asked then."),
    ],
)  # fmt: skip
def test_sizing_tables(studies: int, memory: str, verdict: str, said: str) -> None:
    values: Values = {**GROWING, "workload.studies_per_year": studies, "cpu.threads": 8, "memory.total": memory}
    finding = finding_of(TABLE, values)
    assert finding.verdict == verdict
    assert finding.sentence.endswith(said), finding.sentence


def test_a_table_names_the_input_that_is_missing_and_may_be_without_end() -> None:
    values: Values = {"workload.studies_per_year": 10, "workload.years": 2, "memory.total": "64 GiB"}
    assert "the site file does not say the growth a year" in finding_of(TABLE, values).sentence
    endless = (
        'table: {by: workload.concurrent_users, rows: [{up_to: 4, fact: memory.total, minimum: ">= 8 GiB"}, '
        '{fact: memory.total, minimum: ">= 16 GiB"}]}'
    )
    finding = finding_of(endless, {"workload.concurrent_users": 500, "memory.total": "12 GiB"})
    assert finding.verdict == "short"
    assert finding.sentence.endswith("(row above 4 of the table by concurrent users, here 500).")


CONDITION = """
fact: memory.total
minimum: ">= 3 GiB"
when: {modality: [MG, CT], all_of: [{fact: displays.count, minimum: ">= 2"}]}
"""


@pytest.mark.parametrize(
    ("values", "verdict", "said"),
    [
        ({"workload.modalities": "CT, MR", "displays.count": 2}, "short", "asked is >= 3 GiB."),
        ({"workload.modalities": "US, MR", "displays.count": 2}, "not applicable",
         "Asked only where MG or CT is read, and here is modalities read here: US, MR."),
        ({"workload.modalities": "CT", "displays.count": 1}, "not applicable",
         "Asked only where displays that say what they are: >= 2, and here is displays that say what they are: 1."),
        ({"displays.count": 1}, "not applicable", "displays that say what they are: 1."),
        ({"displays.count": 2}, "unknown",
         "Asked only where MG or CT is read; whether that is so here is not known: the site file does not say the "
         "modalities that are read (the host's workload.modalities)."),
        ({"workload.modalities": "CT", "displays.count": "unread"}, "unknown", "since permission denied."),
    ],
)  # fmt: skip
def test_conditions_on_modalities_and_facts(values: Values, verdict: str, said: str) -> None:
    finding = finding_of(CONDITION, {"memory.total": "2 GiB", **values})
    assert finding.verdict == verdict
    assert finding.sentence.endswith(said), finding.sentence


BRANCHES = """
any_of:
  - {fact: gpu.driver, versions: "==535.*", until: 2026-06}
  - {fact: gpu.driver, versions: "==580.*", until: 2028-06-30}
"""


@pytest.mark.parametrize(
    ("driver", "verdict", "said"),
    [
        ("535.183.01", "short", "the source supports it until 2026-06, which has passed"),
        ("580.126.18", "met", "Graphics driver: 580.126.18, as asked; supported until 2028-06-30."),
        ("470.1", "short", "Graphics driver: 470.1; asked is 535.* or 580.*."),
        ("unread", "unknown", "permission denied"),
    ],
)
def test_driver_branches_end(driver: str, verdict: str, said: str) -> None:
    finding = finding_of(BRANCHES, {"gpu.driver": driver})
    assert finding.verdict == verdict
    assert said in finding.sentence


@pytest.mark.parametrize(("since", "verdict"), [("2026-11-22", "met"), ("2026-11-23", "short")])
def test_support_begins_on_a_day(since: str, verdict: str) -> None:
    finding = finding_of(f'{{fact: package.solr, minimum: "> 0", since: {since}}}', {"package.solr": "9"})
    assert finding.verdict == verdict
    assert finding.expected == f"package solr: > 0, supported from {since}"


MIX = """
fact: disk.storage.size
minimum: ">= (1 GB * workload.studies.CT + 0.1 GB * workload.studies.MR) * (1 + workload.growth) ^ workload.years"
"""
TWICE = """
fact: memory.total
minimum: ">= 1.5 * 16 GiB"
when: {all_of: [{fact: workload.high_availability, is: true}]}
"""


@pytest.mark.parametrize(
    ("line", "values", "verdict"),
    [
        (MIX, {"disk.storage.size": "11.1 TB", "workload.studies.CT": 9000, "workload.studies.MR": 10000, **GROWING},
         "met"),
        (MIX, {"disk.storage.size": "11 TB", "workload.studies.CT": 9000, "workload.studies.MR": 10000, **GROWING},
         "short"),
        (MIX, {"disk.storage.size": "11 TB", "workload.studies.CT": 9000, **GROWING}, "unknown"),
        (TWICE, {"memory.total": "24 GiB", "workload.high_availability": True}, "met"),
        (TWICE, {"memory.total": "16 GiB", "workload.high_availability": True}, "short"),
        (TWICE, {"memory.total": "16 GiB", "workload.high_availability": False}, "not applicable"),
        (TWICE, {"memory.total": "16 GiB"}, "unknown"),
    ],
)  # fmt: skip
def test_modality_mix_growth_and_high_availability(line: str, values: Values, verdict: str) -> None:
    assert finding_of(line, values).verdict == verdict


@pytest.mark.parametrize(("today", "verdict"), [(date(2026, 6, 30), "met"), (date(2026, 7, 1), "short")])
def test_the_last_day_of_a_month_is_still_supported(today: date, verdict: str) -> None:
    facts = facts_of({"gpu.driver": "535.1"})
    assert assess(sheet_of(BRANCHES), facts, today=today)[0].verdict == verdict


@pytest.mark.parametrize(
    ("released", "verdict"),
    [("2021-11-22", "met"), ("2021-11-21", "short"), ("unread", "unknown"), ("spring 2021", "unknown")],
)
def test_the_age_of_a_machine(released: str, verdict: str) -> None:
    assert finding_of("{fact: asset.released, within: 5 years}", {"asset.released": released}).verdict == verdict


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(1, 999), st.sampled_from(["day", "week", "month"]))
def test_a_longer_period_reaches_further_back(day: date, count: int, unit: str) -> None:
    assert before(day, f"{count} {unit}") < day
    if count > 1:
        assert before(day, f"{count} {unit}s") < before(day, f"{count - 1} {unit}")


def test_months_have_the_days_that_they_have() -> None:
    assert last_day("2024-02") == date(2024, 2, 29)
    assert last_day("2026-13") is None
    assert before(date(2024, 2, 29), "1 year") == date(2023, 2, 28)
    assert before(date(2026, 3, 31), "1 month") == date(2026, 2, 28)
    assert before(date(1, 1, 1), "999 years") == date.min


def test_or_equivalent_is_for_a_person() -> None:
    line = "{fact: gpu.model, one_of: [Quadro 2000D, FX 3700], or_equivalent: true, by: medical physicist}"
    assert finding_of(line, {"gpu.model": "FX 3700"}).verdict == "met"
    other = finding_of(line, {"gpu.model": "T1000"})
    assert (other.verdict, other.attest) == ("unknown", "medical physicist")
    asked = "asked is Quadro 2000D or FX 3700; whether this is an equivalent is for a person to judge."
    assert other.sentence == f"Graphics card: T1000; {asked}"


def test_what_contradicts_stands_beside_it_and_a_source_that_is_not_final_says_so() -> None:
    line = """
    fact: memory.total
    minimum: ">= 3 GiB"
    also_says: [{says: 8 GB or more., source: The same guide, place: table 2}]
    """
    finding = finding_of(line, {"memory.total": "4 GiB"}, document="RN-1", edition="2", status="preliminary")
    assert finding.sentence == (
        'Main memory: 4 GiB, as asked. The same guide, table 2, says otherwise: "8 GB or more".'
    )
    assert finding.source == "Guide, RN-1, edition 2, preliminary @ 3, section 1"


DESK = '{fact: "displays.*.mode", minimum: ">= 1024x768", recommended: ">= 1280x1024", at_least: 1}'
NOT_WIDER = '{fact: "displays.*.mode", maximum: "<= 1920x1200"}'
NAMED = '{fact: "displays.*.mode", is: 1600x1200, at_least: 1}'
ALIKE = '{equal: ["displays.*.mode"]}'


@pytest.mark.parametrize(
    ("line", "modes", "verdict", "level"),
    [
        (DESK, ["1280x1024"], "met", "recommended"),
        (DESK, ["1280x800"], "met", "minimum"),
        (DESK, ["1200x1600"], "met", "recommended"),  # portrait or landscape is a choice
        (DESK, ["2000x700"], "short", None),  # more pixels, and too few along one side
        (DESK, ["2000x700", "768x1024"], "met", "minimum"),
        (DESK, ["2000x700", "unread"], "unknown", None),
        (DESK, ["wide"], "unknown", None),
        (DESK, [], "unknown", None),
        (NOT_WIDER, ["1920x1080", "1200x1920"], "met", "minimum"),
        (NOT_WIDER, ["1920x1080", "2048x1080"], "short", None),
        (NAMED, ["1200x1600"], "met", "minimum"),
        (NAMED, ["1600x1024"], "short", None),
        (ALIKE, ["1600x1200", "1200x1600"], "met", "minimum"),
        (ALIKE, ["1600x1200", "1600x1024"], "short", None),
    ],
)
def test_resolutions_are_compared_along_both_sides(
    line: str, modes: list[str], verdict: str, level: str | None
) -> None:
    finding = finding_of(line, {f"displays.DP-{n}.mode": mode for n, mode in enumerate(modes)})
    assert (finding.verdict, finding.level) == (verdict, level), finding.sentence
    wished = line is DESK and level == "minimum"
    assert finding.qualified == ("minimum; recommended >= 1280x1024 is not reached" if wished else None)


def test_a_resolution_may_be_the_condition_of_a_line() -> None:
    wide = '{any_of: [{fact: "displays.*.mode", minimum: ">= 1920x1200"}]}'
    line = f'{{fact: displays.count, maximum: "<= 2", when: {wide}}}'
    assert finding_of(line, {"displays.a.mode": "1920x1200", "displays.count": 3}).verdict == "short"
    small = finding_of(line, {"displays.a.mode": "1600x1200", "displays.count": 3})
    assert small.verdict == "not applicable"
    assert small.sentence.endswith("pixels of the display on a: 1600x1200."), small.sentence


def test_what_only_a_third_party_says_is_told_as_that() -> None:
    def source(trust: str) -> str:
        return finding_of('{fact: memory.total, minimum: ">= 3 GiB"}', {"memory.total": "4 GiB"}, trust=trust).source

    assert source("A") == source("B") == "Guide @ 3, section 1"
    assert source("C") == "Guide, as a third party quotes it @ 3, section 1"


FORMS = (DISPLAYS, RELEASES, EXCLUDED, OLD_WINDOWS, RANGE, SCHEMA, PACKAGES, NOT_OLDER, TWO_OF_THEM, EACH, TEN_TIMES,
         VOXELS, BYTES_BY_DEPTH, DIVIDED, TABLE, CONDITION, BRANCHES, DESK)  # fmt: skip
NAMES = ("displays.count", "os.version", "os.id", "virtualisation", "package.solr", "package.dcm4chee",
         "package.dcm4chee-schema", "postgresql.setting.a", "postgresql.setting.b", "package.orthanc", "memory.total",
         "package.orthanc-postgresql", "disk.a.free", "disk.b.free", "workload.largest_data_set", "workload.columns",
         "workload.years", "workload.growth", "workload.studies_per_year", "workload.modalities", "gpu.driver",
         "displays.left.depth", "workload.slices", "workload.rows")  # fmt: skip
anything = st.builds(
    lambda name, value, unit, doubt: Fact(
        name=name, value=value, unit=unit, command="x", error="not read" if value is None else None, uncertainty=doubt
    ),
    st.sampled_from(NAMES),
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    st.sampled_from([None, "B", "s", "version", "%", "bit"]),
    st.one_of(st.none(), st.floats(min_value=0)),
)


@given(st.sampled_from(FORMS), st.lists(anything, max_size=12))
def test_whatever_the_facts_hold_there_is_a_verdict_and_no_exception(line: str, stated: list[Fact]) -> None:
    (finding,) = assess(sheet_of(line), {fact.name: fact for fact in stated}, today=TODAY)
    assert finding.verdict in ("met", "short", "unknown", "not applicable")
    assert finding.sentence.endswith(".")
    assert evidence_of(finding, "h", "r", TODAY_AND_NOW).verdict == finding.verdict


@pytest.mark.parametrize("line", FORMS)
def test_without_any_fact_nothing_is_met(line: str) -> None:
    finding = finding_of(line, {})
    assert (finding.verdict, finding.level) == ("unknown", None)


def test_what_a_site_declares_is_a_fact_of_the_site_file() -> None:
    host = load_site(example_site()).value.hosts[0]
    load = Workload(studies_per_year=32000, studies={"CT": 9000}, modalities=("CT", "MG"), largest_data_set="2 GiB",
                    growth="5 %", years=7, high_availability=False)  # fmt: skip
    asset = Asset(maker="Dell", model="R640", serial="1", released="2021-03-01")
    facts = declared_facts(host.model_copy(update={"workload": load, "asset": asset}))
    assert {fact.command for fact in facts.values()} == {"site file"}
    assert {name: fact.value for name, fact in facts.items()} == {
        "workload.studies_per_year": 32000,
        "workload.studies.CT": 9000,
        "workload.modalities": "CT, MG",
        "workload.largest_data_set": 2 * 2**30,
        "workload.growth": 5.0,
        "workload.years": 7,
        "workload.high_availability": False,
        "asset.released": "2021-03-01",
    }
    assert declared_facts(host.model_copy(update={"asset": None})) == {}
    found = assess(sheet_of(TEN_TIMES), {**facts, **facts_of({"memory.total": "8 GiB"})}, today=TODAY)
    assert found[0].commands == ("ask memory.total", "site file")
    assert Decimal(str(facts["workload.growth"].value)) == 5
