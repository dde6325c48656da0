"""What a sheet may say and what it must not."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from builder.load.sheets import load_sheet, sheet_files
from builder.models.catalogue import CATALOGUE, fact_kind
from builder.models.fact import Fact
from builder.models.sheet import Sheet, class_product

SPECS = sheet_files()

# The design's own example, word for word.
SLICER = """
product: {id: slicer, name: 3D Slicer, versions: ">=5.2"}
machine: workstation
source: {title: Getting started, address: "github.com/Slicer/Slicer: Docs/user_guide/getting_started.md", revision: 017ba8f6, read: 2026-11-21, trust: A}
requirements:
  - {id: ram, fact: memory.total, minimum: "> 4 GiB", recommended: ">= 8 GiB", tolerance: 3 %}
  - {id: gl, fact: gpu.opengl, minimum: ">= 3.2"}
  - {id: vram, fact: gpu.memory, minimum: ">= 2 GiB", when: {use: volume-rendering}}
  - {id: image-gpu, any_of: [{fact: gpu.model, is: Quadro 2000D}, {fact: gpu.model, is: FX 3700}, {judged: "equivalent card"}]}
  - {id: room, attested: "Room illuminance at most 50 lx", valid_for: 1 year}
"""  # noqa: E501


def slicer() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(SLICER)
    return data


def faults(data: dict[str, Any]) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Sheet.model_validate(data)
    return [f"{'.'.join(map(str, e['loc']))}: {e['msg'].removeprefix('Value error, ')}" for e in caught.value.errors()]


def test_the_design_s_example_is_valid_and_its_one_file_is_every_line_s_place() -> None:
    sheet = Sheet.model_validate(slicer())
    assert {line.place for line in sheet.requirements} == {"Docs/user_guide/getting_started.md"}
    assert sheet.source.cited == "Getting started @ 017ba8f6"
    assert sheet.source.read == "2026-11-21"
    assert sheet.requirements[2].when is not None
    assert sheet.requirements[2].when.terms == (("volume-rendering",),)


def test_the_design_s_example_passes_the_loader(tmp_path: Path) -> None:
    file = tmp_path / "slicer.yml"
    file.write_text(SLICER)
    assert load_sheet(file).value == Sheet.model_validate(slicer())


def test_a_line_without_a_source_place_fails() -> None:
    data = slicer()
    data["source"]["address"] = "github.com/Slicer/Slicer"
    data["requirements"][0]["place"] = "a section"
    assert [fault for fault in faults(data) if "place" in fault] == [
        f"requirements.{number}.place: Field required" for number in (1, 2, 3, 4)
    ]


FORMS = "fact, judged, any_of, all_of, none_of, equal, table, levels, attested, advice"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"fact": "memory.total", "minimum": "> 4"}, '"4" has no unit; write one, as "4 GiB"'),
        ({"fact": "memory.total", "minimum": 4}, 'write the comparison as text, as ">= 4"'),
        ({"fact": "memory.total", "minimum": "<= 4 GiB"}, 'minimum is written with > or >=, not with "<="'),
        ({"fact": "memory.total", "maximum": "> 4 GiB"}, 'maximum is written with < or <=, not with ">"'),
        ({"fact": "memory.totl", "minimum": "> 4 GiB"}, 'no survey states a fact "memory.totl"; did you mean '
         '"memory.total"?'),
        ({"fact": "memory.total"}, "a fact wants a comparison: minimum, recommended, "
         "maximum, is, one_of, not_one_of, versions or within"),
        ({"minimum": "> 4 GiB"}, f"write exactly one of {FORMS}"),
        ({"fact": "os.id", "is": "debian", "advice": "x"}, f"write exactly one of {FORMS}; here are fact and "
         "advice"),
        ({"attested": "x", "minimum": "> 4 GiB"}, "minimum compares a fact: write which, as fact: memory.total"),
        ({"fact": "os.id", "minimum": "> 4"}, 'a fact that is text is not more or less than "4"; write is: or one_of:'),
        ({"fact": "gpu.opengl", "minimum": ">= x"}, '"x" is no version; write numbers and dots, as ">= 1.12.7"'),
        ({"fact": "gpu.opengl", "minimum": ">= 3", "tolerance": "3 %"},
         "a tolerance means nothing for gpu.opengl, which is no amount"),
        ({"fact": "postgresql.setting.autovacuum", "is": True}, 'the fact is text; write it in quotes, as is: "true"'),
        ({"fact": "disk.apart", "is": "yes"}, "the fact is true or false; write is: true or is: false"),
        ({"fact": "package.orthanc", "is": 1.12}, 'the fact is a version; write it in quotes, as is: "1.12.7"'),
        ({"fact": "memory.total", "is": 4}, "the fact is an amount; write it as text with its unit, not as 4"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_line(line: dict[str, Any], said: str) -> None:
    data = slicer()
    data["requirements"] = [{"id": "x", **line}]
    assert any(fault.startswith("requirements.0") and fault.endswith(said) for fault in faults(data)), faults(data)


def test_an_unknown_field_inside_an_alternative_is_found() -> None:
    data = slicer()
    data["requirements"][3]["any_of"][0]["equals"] = "x"
    assert any(fault.startswith("requirements.3.any_of.0.equals") for fault in faults(data))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("versions", "five", '"five" is no version range; write it as ">=1.10,<1.13"'),
        ("read", "21 Nov 2026", '"21 Nov 2026" is no day; write YYYY-MM-DD'),
        ("tolerance", "300 %", 'a tolerance of "300 %" would accept anything; write less than 100 %'),
    ],
)
def test_what_is_wrong_elsewhere(field: str, value: str, said: str) -> None:
    data = slicer()
    holder = {"versions": data["product"], "read": data["source"], "tolerance": data["requirements"][0]}[field]
    holder[field] = value
    assert any(fault.endswith(said) for fault in faults(data))


def test_an_id_stands_once() -> None:
    data = slicer()
    data["requirements"][1]["id"] = "ram"
    assert 'requirement "ram" stands twice; give each line its own id' in faults(data)[0]


def test_there_are_shipped_sheets_and_each_validates() -> None:
    assert {"orthanc-1.12.yml", "class-archive.yml"} <= {file.name for file in SPECS}
    for file in SPECS:
        sheet = load_sheet(file).value
        assert all(line.place for line in sheet.requirements)
        assert file.read_text().startswith("# yaml-language-server: $schema=../schema/sheet.json\n")


@pytest.mark.parametrize(
    ("version", "covered"),
    [("1.12.7", True), ("1.10.1", True), ("1.12.7+dfsg-4", True), ("1.9.2", False), ("1.13.0", False), ("x", False)],
)
def test_the_orthanc_sheet_covers_what_debian_12_and_13_ship(version: str, covered: bool) -> None:
    file = next(file for file in SPECS if file.name == "orthanc-1.12.yml")
    assert load_sheet(file).value.covers(version) is covered


def test_class_sheets_are_named_after_their_class() -> None:
    for file in SPECS:
        sheet = load_sheet(file).value
        if sheet.product.id.startswith("class-"):
            assert sheet.product.id == class_product(sheet.machine)


def test_the_catalogue_knows_each_name_once_and_fills_in_the_star() -> None:
    names = [entry.name for entry in CATALOGUE]
    assert len(names) == len(set(names))
    assert fact_kind("package.orthanc").meaning == "package orthanc"
    assert fact_kind("disk.storage.free").meaning == "free space in the storage directory"
    with pytest.raises(ValueError, match="no survey states"):
        fact_kind("disk.free")


@pytest.mark.parametrize("answer", [{}, {"value": 1, "absent": True}, {"value": 1, "error": "x"}])
def test_a_fact_has_exactly_one_answer(answer: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="exactly one"):
        Fact(name="cpu.threads", command="lscpu", **answer)
