"""Which branches of NVIDIA's driver a sheet leaves to a site, and which uses it knows."""

from datetime import date
from typing import Any

import pytest
import yaml

from builder.inventory.rules import check_site
from builder.models.sheet import Sheet
from tests.unit.site_parts import host as archive
from tests.unit.site_parts import site_of

RULES = ("branches_are_allowed", "uses_are_words_of_a_sheet")


def broken(line: str, branch: str = "535", *, uses: tuple[str, ...] = (), done: tuple[str, ...] = ()) -> list[str]:
    """What the two rules say of a station with NVIDIA's driver of `branch`, whose product's sheet has this one line."""
    sheet = Sheet.model_validate({
        "product": {"id": "thing", "name": "Thing", "versions": ">=1"}, "machine": "workstation",
        "source": {"title": "Guide", "address": "a book", "revision": "3", "read": "2026-11-21", "trust": "A"},
        "requirements": [{"id": "driver", "place": "section 1", **yaml.safe_load(line)}],
    })  # fmt: skip
    station: dict[str, Any] = {
        "name": "read1", "class": "workstation", "os": "debian-12", "product": {"id": "thing", "version": "1.0"},
        "network": "imaging", "address": "10.9.1.1", "location": "Room 1", "ae": {"title": "READ1"},
        "workload": {"uses": list(done)},
        "workstation": {
            "graphics": "nvidia", "nvidia": {"branch": branch}, "uses": list(uses),
            "displays": [{"name": "left", "maker": "EIZ", "product": "2334", "mode": "2048x1536", "primary": True}],
        },
    }  # fmt: skip
    found = check_site(site_of([archive(1), station]), [sheet], today=date(2026, 11, 22))
    return [f"{fault.what}; {fault.remedy}" for fault in found if fault.rule in RULES]


@pytest.mark.parametrize(
    ("line", "branch"),
    [
        ("{fact: gpu.driver, minimum: '>= 450.80.02'}", "535"),
        ("{fact: gpu.driver, minimum: '>= 535.129'}", "535"),
        ("{fact: gpu.driver, maximum: '<= 535.129'}", "535"),
        ("{fact: gpu.driver, maximum: '< 536'}", "535"),
        ("{fact: gpu.driver, is: '535.54.03'}", "535"),
        ("{fact: gpu.driver, one_of: ['470.1', '535.54.03']}", "535"),
        ("{fact: gpu.driver, recommended: '>= 580'}", "535"),
        ("{fact: gpu.driver, minimum: '>= 580', level: recommended}", "535"),
        ("{fact: gpu.driver, minimum: '>= 580', when: {use: ai}}", "535"),
        ("{fact: gpu.driver, minimum: '>= 580', when: {os: debian-13}}", "535"),
        ("{any_of: [{fact: gpu.driver, minimum: '>= 580'}, {judged: equivalent}]}", "535"),
        ("{fact: memory.total, minimum: '>= 580 GiB'}", "535"),
        ("{fact: gpu.driver, versions: '==535.*'}", "535"),
        ("{fact: gpu.driver, versions: '>=535.129,<580'}", "535"),
        ("{fact: gpu.driver, not_one_of: ['535.54.03']}", "535"),
        ("{fact: gpu.driver, minimum: '>= gpu.cuda'}", "535"),
        ("{fact: gpu.driver, is: '196.21', or_equivalent: true}", "535"),
        ("{fact: gpu.driver, minimum: '>= 580', when: {modality: MG}}", "535"),
        ("{fact: gpu.driver, minimum: '>= 580', when: {all_of: [{fact: gpu.count, minimum: '>= 2'}]}}", "535"),
        ("{none_of: [{fact: gpu.driver, versions: '==470.*'}]}", "535"),
    ],
)
def test_a_branch_in_which_some_version_will_do_is_left_to_the_site(line: str, branch: str) -> None:
    assert broken(line, branch) == []


@pytest.mark.parametrize(
    ("line", "branch", "asked"),
    [
        ("{fact: gpu.driver, minimum: '>= 580.65.06'}", "535", ">= 580.65.06"),
        ("{fact: gpu.driver, minimum: '> 535.99'}", "470", "> 535.99"),
        ("{fact: gpu.driver, maximum: '<= 470.256.02'}", "535", "<= 470.256.02"),
        ("{fact: gpu.driver, is: '196.21'}", "535", "196.21"),
        ("{fact: gpu.driver, one_of: ['470.1', '580.2']}", "535", "470.1, 580.2"),
        (
            "{all_of: [{fact: gpu.model, is: FX 3700}, {fact: gpu.driver, is: '196.21'}]}",
            "535",
            "196.21",
        ),
        (
            "{any_of: [{fact: gpu.driver, is: '196.21'}, {fact: gpu.driver, minimum: '>= 580'}]}",
            "535",
            "196.21 or >= 580",
        ),
        ("{fact: gpu.driver, minimum: '>= 580', when: {os: debian-12}}", "535", ">= 580"),
        ("{fact: gpu.driver, versions: '==580.*'}", "535", "==580.*"),
        ("{fact: gpu.driver, versions: '>=580,<600'}", "535", ">=580,<600"),
    ],
)
def test_a_branch_in_which_no_version_will_do_is_forbidden(line: str, branch: str, asked: str) -> None:
    assert broken(line, branch) == [
        f"Thing does not allow a driver of branch {branch} (driver: {asked}); name a branch that it allows"
    ]


def test_a_line_binds_where_the_site_names_its_use() -> None:
    line = "{fact: gpu.driver, minimum: '>= 580', when: {use: [ai, volume-rendering]}}"
    assert broken(line, uses=("ai",))[0].startswith("Thing does not allow a driver of branch 535")
    assert broken(line, "580", uses=("volume-rendering",)) == []


def test_a_use_may_stand_in_the_workload() -> None:
    line = "{fact: gpu.driver, minimum: '>= 580', when: {use: [ai, volume-rendering]}}"
    assert broken(line, done=("ai",))[0].startswith("Thing does not allow a driver of branch 535")
    assert broken(line, "580", done=("aii",)) == ["no sheet of read1 asks about the use aii; did you mean ai?"]


def test_a_use_that_no_sheet_asks_about_is_a_slip() -> None:
    line = "{fact: gpu.memory, minimum: '> 4 GiB', when: {use: [ai, volume-rendering]}}"
    assert broken(line, uses=("volume-rendring", "fun")) == [
        "no sheet of read1 asks about the use volume-rendring; did you mean volume-rendering?",
        "no sheet of read1 asks about the use fun; write one of them (ai, volume-rendering)",
    ]
    assert broken("{fact: gpu.memory, minimum: '> 4 GiB'}", uses=("ai",)) == [
        "no sheet of read1 asks about the use ai; remove it"
    ]
