"""Requirement x facts -> finding: every requirement of every shipped sheet, and every verdict."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from builder.assess.applies import sheets_for, uses_of
from builder.assess.assessment import assess
from builder.assess.proof import evidence_of
from builder.errors import BadInput
from builder.load import load_site
from builder.load.sheets import load_sheet, sheet_files
from builder.load.shipped import example_site
from builder.models.catalogue import fact_kind
from builder.models.comparison import comparison
from builder.models.fact import Fact
from builder.models.finding import Finding, Lack
from builder.models.part import Part
from builder.models.quantity import BASE_UNITS
from builder.models.sense import named
from builder.models.sheet import Requirement, Sheet
from builder.models.site import Waiver

TODAY = date(2026, 11, 21)
SHEETS = {file.stem: load_sheet(file).value for file in sheet_files()}


def plain(part: Part) -> bool:
    """Whether a part is made of bounds, values and what a person tells; test_shipped_sheets.py has the others."""
    more = (part.none_of, part.equal, part.table, part.not_one_of, part.versions, part.within, part.or_equivalent)
    asks_facts = isinstance(part, Requirement) and (part.levels or (part.when is not None and part.when.asks_facts))
    patterns = [name for name in named(part) if "*" in name or name.startswith("workload.")]
    mixed = part.all_of and any(one.judged for one in part.all_of)
    return not any((*more, asks_facts, patterns, mixed)) and all(map(plain, part.inner()))


LINES = [(name, line.id) for name, sheet in SHEETS.items() for line in sheet.requirements if plain(line)]
HOST = load_site(example_site()).value.hosts[0]
Value = bool | int | float | str


def stated(name: str, value: Value) -> Fact:
    return Fact(name=name, value=value, unit=BASE_UNITS.get(fact_kind(name).kind), command=f"ask {name}")


def unread(name: str, why: str = "permission denied") -> Fact:
    return Fact(name=name, error=why, command=f"ask {name}")


def answers(part: Part, *, good: bool) -> dict[str, Value]:
    """Values that satisfy every comparison of a part, or miss every one."""
    if part.fact is None:
        return {name: value for one in (*part.any_of, *part.all_of) for name, value in answers(one, good=good).items()}
    right = [*part.one_of, *(() if part.is_ is None else (part.is_,))]
    if right:
        return {part.fact: right[0] if good else _other(right[0])}
    text = (part.recommended or part.minimum if good else part.minimum or part.recommended) or part.maximum
    assert text is not None
    wanted = comparison(text, part.kind)
    if part.kind == "version":
        return {part.fact: f"{wanted.bound}.1" if good else "0"}
    assert isinstance(wanted.bound, Decimal)
    more = good == wanted.operator.startswith(">")
    return {part.fact: float(wanted.bound * 2) if more else float(wanted.bound / 2)}


def _other(value: Value) -> Value:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else "0"


def read(part: Part, *, good: bool) -> dict[str, Fact]:
    return {name: stated(name, value) for name, value in answers(part, good=good).items()}


def find(sheet: Sheet, line: str, facts: dict[str, Fact], **more: Any) -> Finding:
    every = frozenset(word for one in sheet.requirements if one.when for words in one.when.terms for word in words)
    found = assess(sheet, facts, **{"use": every, "today": TODAY, **more})
    assert [one.requirement for one in found] == [one.id for one in sheet.requirements]
    return next(one for one in found if one.requirement == line)


def sheet_of(*lines: str) -> Sheet:
    """A sheet with these lines, each in YAML's flow style, placed in section 1."""
    return Sheet.model_validate({
        "product": {"id": "thing", "name": "Thing", "versions": ">=1"},
        "machine": "workstation",
        "source": {"title": "Guide", "address": "a book", "revision": "3", "read": "2026-11-21", "trust": "A"},
        "requirements": [{"place": "section 1", **yaml.safe_load(line)} for line in lines],
    })  # fmt: skip


def test_there_are_lines_to_test() -> None:
    assert len(LINES) > 30


@pytest.mark.parametrize(("name", "line"), LINES)
def test_every_line_of_every_sheet_can_be_met_and_missed(name: str, line: str) -> None:
    sheet = SHEETS[name]
    part = next(one for one in sheet.requirements if one.id == line)
    if part.attested or part.advice or part.judged:
        finding = find(sheet, line, {})
        assert (finding.verdict, finding.attest) == ("unknown", part.by)
        return
    best, worst = find(sheet, line, read(part, good=True)), find(sheet, line, read(part, good=False))
    recommended = sheet.grade(part.level) == "recommended" or part.recommended is not None
    word = part.level if sheet.grade(part.level) == "recommended" else "recommended"
    assert (best.verdict, best.level) == ("met", word if recommended else "minimum")
    judged = any(one.judged for one in part.any_of)
    if sheet.grade(part.level) == "recommended" or (recommended and not (part.minimum or part.maximum)):
        assert (worst.verdict, worst.level) == ("met", "minimum")
        assert "not reached" in worst.sentence
    elif judged:
        assert (worst.verdict, worst.attest) == ("unknown", part.by)
    else:
        assert (worst.verdict, worst.level) == ("short", None)
        assert "asked is" in worst.sentence


@pytest.mark.parametrize(("name", "line"), LINES)
def test_without_facts_or_with_unreadable_ones_nothing_is_met(name: str, line: str) -> None:
    sheet = SHEETS[name]
    part = next(one for one in sheet.requirements if one.id == line)
    asked = answers(part, good=True)
    judged = any(one.judged for inner in part.any_of for one in (inner, *inner.all_of))
    # What a person can look at, a person may attest; a setting that no probe could read stands against acceptance.
    in_sight = all(
        fact.startswith(("asset.", "cpu.", "disk.", "displays.", "gpu.", "gpus.", "memory.")) for fact in asked
    )
    for facts, attested in (({}, not asked or judged), ({fact: unread(fact) for fact in asked}, in_sight)):
        finding = find(sheet, line, facts)
        assert (finding.verdict, finding.level) == ("unknown", None)
        assert finding.attest == (part.by if attested else None)
        assert finding.source == f"{sheet.source.cited}, {part.place}"


def test_debian_s_release_meets_the_sheet_and_misses_its_recommendation() -> None:
    orthanc = SHEETS["orthanc-1.12"]
    finding = find(orthanc, "orthanc-release", {"package.orthanc": stated("package.orthanc", "1.12.7+dfsg-4")})
    assert finding == Finding(
        product="orthanc",
        requirement="orthanc-release",
        verdict="met",
        level="minimum",
        grade="minimum",
        expected="package orthanc: recommended >= 1.12.11",
        observed="package orthanc: 1.12.7+dfsg-4",
        sentence="Package orthanc: 1.12.7+dfsg-4; no minimum is stated, the recommended >= 1.12.11 is not reached.",
        source="Orthanc Book @ 8a3961645a57, faq/scalability.rst, Recommended setup for best performance",
        commands=("ask package.orthanc",),
        qualified="no minimum is stated; recommended >= 1.12.11 is not reached",
        lacks=(Lack(fact="package.orthanc", here="1.12.7+dfsg-4", asked=">= 1.12.11", sign=">=", wish=True),),
    )


RAM = '{id: ram, fact: memory.total, minimum: "> 4 GiB", recommended: ">= 8 GiB", tolerance: 3 %}'


@pytest.mark.parametrize(
    ("gib", "verdict", "level", "said"),
    [
        (16.0, "met", "recommended", "Main memory: 16 GiB, as recommended."),
        (7.8, "met", "recommended", "Main memory: 7.8 GiB, as recommended."),
        (7.7, "met", "minimum", "Main memory: 7.7 GiB; the minimum is met, the recommended >= 8 GiB is not reached."),
        (3.5, "short", None, "Main memory: 3.5 GiB; asked is > 4 GiB."),
    ],
)
def test_levels(gib: float, verdict: str, level: str | None, said: str) -> None:
    finding = find(sheet_of(RAM), "ram", {"memory.total": stated("memory.total", int(gib * 2**30))})
    assert (finding.verdict, finding.level, finding.sentence) == (verdict, level, said)
    open_level = "minimum; recommended >= 8 GiB is not reached" if level == "minimum" else None
    assert finding.qualified == open_level
    full = evidence_of(finding, "arc1", "r1", datetime(2026, 11, 21, tzinfo=UTC)).verdict_in_full
    assert full == (f"met ({open_level})" if open_level else verdict)


@given(st.integers(0, 2**45), st.integers(0, 2**45))
def test_more_memory_never_makes_a_finding_worse(one: int, other: int) -> None:
    rank = {("short", None): 0, ("met", "minimum"): 1, ("met", "recommended"): 2}
    found = [
        find(sheet_of(RAM), "ram", {"memory.total": stated("memory.total", size)}) for size in sorted((one, other))
    ]
    less, more = (rank[finding.verdict, finding.level] for finding in found)
    assert less <= more


@given(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    st.sampled_from([None, "B", "s", "version", "kB"]),
    st.sampled_from(
        [
            RAM,
            '{id: ram, fact: gpu.opengl, minimum: ">= 3.2"}',
            "{id: ram, fact: os.id, is: debian}",
            '{id: ram, fact: orthanc.config.HttpPort, minimum: ">= 1"}',
            "{id: ram, fact: disk.apart, is: true}",
        ]
    ),
)
def test_whatever_a_fact_holds_there_is_a_verdict_and_no_exception(
    value: Value | None, unit: str | None, line: str
) -> None:
    sheet = sheet_of(line)
    name = sheet.requirements[0].fact or ""
    fact = Fact(name=name, value=value, unit=unit, command="x", error="not read" if value is None else None)
    finding = find(sheet, "ram", {name: fact})
    assert finding.verdict in ("met", "short", "unknown")
    if unit != BASE_UNITS.get(fact_kind(name).kind):
        assert finding.verdict == "unknown"


@pytest.mark.parametrize(
    ("value", "unit", "why"),
    [
        ("24 GB", "B", '"24 GB" is no number'),
        (True, "B", '"True" is no number'),
        (float("nan"), "B", "nan is no amount"),
        (-1, "B", "-1 is no amount"),
        (24000, "kB", "it is stated in kB, not in B"),
        (24000, None, "it is stated in no unit, not in B"),
    ],
)
def test_a_value_that_is_no_amount_is_unknown_and_says_why(value: Value, unit: str | None, why: str) -> None:
    fact = Fact(name="memory.total", value=value, unit=unit, command="x")
    finding = find(sheet_of(RAM), "ram", {"memory.total": fact})
    assert finding.verdict == "unknown"
    assert finding.sentence == f"Main memory: cannot be told, since {why}."


def test_a_thing_that_is_not_there_is_short_not_unknown() -> None:
    line = '{id: trigrams, fact: postgresql.extension.pg_trgm, minimum: "> 0"}'
    gone = Fact(name="postgresql.extension.pg_trgm", absent=True, command="x")
    finding = find(sheet_of(line), "trigrams", {gone.name: gone})
    assert finding.verdict == "short"
    assert finding.sentence == "Extension pg_trgm of Orthanc's database: absent; asked is > 0."


def test_one_and_true_are_two_things() -> None:
    line = "{id: x, fact: orthanc.config.KeepAlive, is: true}"
    for value, verdict in ((True, "met"), (1, "short"), ("true", "short"), (False, "short")):
        assert (
            find(sheet_of(line), "x", {"orthanc.config.KeepAlive": stated("orthanc.config.KeepAlive", value)}).verdict
            == verdict
        )


CARDS = """
id: card
any_of: [{fact: gpu.model, is: Quadro 2000D}, {fact: gpu.model, is: FX 3700}, {judged: an equivalent card}]
"""


@pytest.mark.parametrize(("model", "verdict"), [("FX 3700", "met"), ("Quadro 2000D", "met"), ("GT 710", "unknown")])
def test_an_equivalent_card_is_for_a_person_to_judge(model: str, verdict: str) -> None:
    finding = find(sheet_of(CARDS), "card", {"gpu.model": stated("gpu.model", model)})
    assert finding.verdict == verdict
    assert finding.attest == (None if verdict == "met" else "PACS administrator")


BOTH = '{id: both, all_of: [{fact: package.orthanc, minimum: ">= 1.9.2"}, {fact: package.dcmtk, minimum: ">= 3.6"}]}'


@pytest.mark.parametrize(
    ("orthanc", "dcmtk", "verdict"),
    [("1.9.2", "3.6.9", "met"), ("1.9.1", "3.6.9", "short"), ("1.9.1", None, "short"), ("1.9.2", None, "unknown")],
)
def test_of_several_that_must_hold_one_short_decides_and_one_unknown_spoils(
    orthanc: str, dcmtk: str | None, verdict: str
) -> None:
    facts = {"package.orthanc": stated("package.orthanc", orthanc)}
    if dcmtk:
        facts["package.dcmtk"] = stated("package.dcmtk", dcmtk)
    assert find(sheet_of(BOTH), "both", facts).verdict == verdict


def test_a_condition_decides_whether_a_line_is_asked() -> None:
    sheet = sheet_of('{id: vram, fact: gpu.memory, minimum: ">= 2 GiB", when: {use: [volume, mip], os: debian-13}}')
    small = {"gpu.memory": stated("gpu.memory", 2**30)}
    for use, verdict in (
        ({"mip", "os:debian-13"}, "short"),
        ({"mip"}, "not applicable"),
        ({"os:debian-13"}, "not applicable"),
        (set[str](), "not applicable"),
    ):
        assert find(sheet, "vram", small, use=frozenset(use)).verdict == verdict
    assert find(sheet, "vram", small, use=frozenset()).sentence == (
        "Asked only where volume or mip and os:debian-13, which this host is not said to be."
    )


def waiver(until: str, requirement: str = "ram") -> Waiver:
    return Waiver(requirement=requirement, reason="A larger machine is ordered", owner="T. Wrona", until=until)


@pytest.mark.parametrize(
    ("until", "verdict"), [("2026-11-21", "waived"), ("2026-12-31", "waived"), ("2026-11-20", "short")]
)
def test_a_waiver_holds_through_its_last_day(until: str, verdict: str) -> None:
    facts = {"memory.total": stated("memory.total", 2**30)}
    finding = find(sheet_of(RAM), "ram", facts, waivers=[waiver(until)])
    assert finding.verdict == verdict
    if verdict == "waived":
        assert finding.sentence == (
            f"Waived by T. Wrona until {until}: A larger machine is ordered. "
            "Without the waiver: Main memory: 1 GiB; asked is > 4 GiB."
        )
    else:
        assert finding.sentence.endswith("The waiver by T. Wrona expired on 2026-11-20.")


def test_a_waiver_of_what_is_met_or_of_another_line_changes_nothing() -> None:
    big, small = ({"memory.total": stated("memory.total", size)} for size in (2**34, 2**30))
    assert find(sheet_of(RAM), "ram", big, waivers=[waiver("2026-12-31")]).verdict == "met"
    assert find(sheet_of(RAM), "ram", small, waivers=[waiver("2026-12-31", "disk")]).verdict == "short"


def test_an_unknown_can_be_waived_and_a_waiver_without_a_day_is_refused() -> None:
    assert find(sheet_of(RAM), "ram", {}, waivers=[waiver("2026-12-31")]).verdict == "waived"
    with pytest.raises(BadInput, match='waiver of "ram": until: "soon" is no day; write YYYY-MM-DD'):
        find(sheet_of(RAM), "ram", {}, waivers=[waiver("soon")])


def test_a_host_is_held_against_its_product_and_its_class() -> None:
    sheets = tuple(SHEETS.values())
    assert [sheet.product.id for sheet in sheets_for(HOST, sheets)] == ["orthanc", "class-archive"]
    bookworm = HOST.model_copy(
        update={"os": "debian-12", "product": HOST.product.model_copy(update={"version": "1.10.1"})}
    )
    assert [sheet.product.id for sheet in sheets_for(bookworm, sheets)] == ["orthanc", "class-archive"]
    future = HOST.model_copy(update={"product": HOST.product.model_copy(update={"version": "2.0"})})
    assert [sheet.product.id for sheet in sheets_for(future, sheets)] == ["class-archive"]


def test_the_first_of_two_sheets_for_one_version_holds() -> None:
    mine = SHEETS["orthanc-1.12"].model_copy(update={"requirements": SHEETS["orthanc-1.12"].requirements[:1]})
    assert sheets_for(HOST, (mine, *SHEETS.values()))[0] is mine


def test_the_words_for_a_host_s_use() -> None:
    assert uses_of(HOST) == {"os:debian-13", "storage:filesystem"}
    assert HOST.ae is not None
    encrypted = HOST.model_copy(update={"ae": HOST.ae.model_copy(update={"tls": True})})
    assert "dicom-tls" in uses_of(encrypted)


def test_a_finding_becomes_evidence_with_the_commands_and_the_hash() -> None:
    fact = Fact(name="memory.total", value=2**30, unit="B", command="cat /proc/meminfo", raw_sha256="ab" * 32)
    at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    evidence = evidence_of(find(sheet_of(RAM), "ram", {fact.name: fact}), "archive01", "run-1", at)
    assert (evidence.kind, evidence.subject, evidence.verdict) == ("requirement", "ram", "short")
    assert evidence.observed == "Main memory: 1 GiB; asked is > 4 GiB."
    assert evidence.probe == "survey: cat /proc/meminfo"
    assert evidence.raw_sha256 == "ab" * 32
    assert evidence.source == "Guide @ 3, section 1"
