"""The shopping list: amounts, hosts, lines, and what is to be found out first."""

import pytest

from builder.assess import assess
from builder.assess.parts import outlasts_a_build, part_of, to_buy
from builder.assess.shopping import Asking, ShoppingList, shopping_list
from builder.models.finding import Finding
from builder.models.site import Waiver
from tests.unit.sheet_parts import TODAY, Value, facts_of, sheet_of

MEMORY = '{fact: memory.total, minimum: ">= 16 GiB", recommended: ">= 32 GiB"}'
PLACE = "Guide @ 3, section 1"


def held(values: dict[str, Value], *lines: str, waivers: tuple[Waiver, ...] = ()) -> tuple[Finding, ...]:
    return assess(sheet_of(*lines), facts_of(values), waivers=waivers, today=TODAY)


def listed(*hosts: tuple[str, tuple[Finding, ...]]) -> ShoppingList:
    return shopping_list(hosts)


def test_what_how_much_for_whom_and_who_asks() -> None:
    found = listed(
        ("read01", held({"memory.total": "8 GiB"}, MEMORY)),
        ("read02", held({"memory.total": "4 GiB"}, MEMORY)),
        ("read03", held({"memory.total": "64 GiB"}, MEMORY)),
    )
    (item,) = found.buy
    assert (item.part, item.fact, item.meaning, item.total) == ("Memory", "memory.total", "main memory", "20 GiB")
    assert [(need.hosts, need.change) for need in item.needs] == [
        (("read01",), "from 8 GiB to 16 GiB (8 GiB more)"),
        (("read02",), "from 4 GiB to 16 GiB (12 GiB more)"),
    ]
    assert item.needs[0].missing == 8 * 1024**3
    assert item.needs[0].lines == (Asking(product="thing", requirement="line0", asked=">= 16 GiB", source=PLACE),)
    assert (found.wish, found.arrange, found.find_out) == ((), (), ())


def test_hosts_that_lack_the_same_stand_together() -> None:
    short = held({"memory.total": "8 GiB"}, MEMORY)
    found = listed(("read01", short), ("read02", short), ("read03", held({"memory.total": "4 GiB"}, MEMORY)))
    (item,) = found.buy
    assert [need.hosts for need in item.needs] == [("read01", "read02"), ("read03",)]
    assert item.total == "28 GiB"
    unread = held({}, MEMORY)
    (question,) = listed(("read01", unread), ("read02", unread)).find_out
    assert question.hosts == ("read01", "read02")


def test_what_is_recommended_stands_apart() -> None:
    found = listed(("read01", held({"memory.total": "16 GiB"}, MEMORY)))
    assert found.buy == ()
    assert [need.change for need in found.wish[0].needs] == ["from 16 GiB to 32 GiB (16 GiB more)"]


def test_the_most_demanding_line_decides_and_all_are_named() -> None:
    found = listed(("read01", held({"memory.total": "8 GiB"}, MEMORY, '{fact: memory.total, minimum: ">= 24 GiB"}')))
    (need,) = found.buy[0].needs
    assert need.change == "from 8 GiB to 24 GiB (16 GiB more)"
    assert [line.requirement for line in need.lines] == ["line0", "line1"]


def test_a_wish_that_the_purchase_fulfils_is_no_wish() -> None:
    wish = '{fact: memory.total, minimum: ">= 12 GiB", level: recommended}'
    more = '{fact: memory.total, minimum: ">= 48 GiB", level: recommended}'
    assert listed(("read01", held({"memory.total": "8 GiB"}, MEMORY, wish))).wish == ()
    (item,) = listed(("read01", held({"memory.total": "8 GiB"}, MEMORY, more))).wish
    assert item.needs[0].change == "from 8 GiB to 48 GiB (40 GiB more)"


def test_what_is_set_or_installed_is_not_bought() -> None:
    found = listed(
        ("read01", held({"os.id": "rhel", "gpu.driver": "470.1"}, "{fact: os.id, is: debian}",
                        '{fact: gpu.driver, minimum: ">= 535"}'))
    )  # fmt: skip
    assert found.buy == ()
    assert [(item.part, item.needs[0].change) for item in found.arrange] == [
        ("Software and versions", "is 470.1; asked is >= 535"),
        ("Software and versions", "is rhel; asked is debian"),
    ]


def test_what_is_not_known_is_found_out_first() -> None:
    found = listed(("read01", held({"memory.total": "unread"}, MEMORY)))
    assert found.buy == ()
    (question,) = found.find_out
    assert (question.hosts, question.requirement, question.person) == (("read01",), "line0", "PACS administrator")
    assert question.sentence == "Main memory: cannot be told, since permission denied."


def test_a_line_for_a_person_says_what_it_is() -> None:
    found = listed(("read01", held({}, "{attested: Ear protection is at hand}", "{advice: No coffee}")))
    assert [one.sentence for one in found.find_out] == [
        "Ear protection is at hand. No probe can tell; PACS administrator must attest it.",
        "Advice: No coffee. The source advises it and nothing measures it; PACS administrator must take note.",
    ]


def test_a_waived_line_asks_for_nothing() -> None:
    waiver = Waiver(requirement="line0", reason="spare part is ordered", owner="M. Kilbride", until="2027-01-31")
    found = held({"memory.total": "8 GiB"}, MEMORY, waivers=(waiver,))
    assert (found[0].waived_by, found[0].waived_until) == ("M. Kilbride", "2027-01-31")
    assert listed(("read01", found)) == ShoppingList()


def test_one_of_several_is_enough_and_is_not_added_up() -> None:
    line = '{any_of: [{fact: gpu.memory, minimum: ">= 4 GiB"}, {fact: memory.total, minimum: ">= 32 GiB"}]}'
    values: dict[str, Value] = {"gpu.memory": "1 GiB", "memory.total": "8 GiB"}
    found = listed(("read01", held(values, line)), ("read02", held(values, line)))
    assert [(item.part, item.total, item.needs[0].either) for item in found.buy] == [
        ("Memory", None, True),
        ("Graphics card", None, True),
    ]


def test_displays_are_one_thing_on_whatever_connector() -> None:
    line = '{fact: displays.*.megapixels, minimum: ">= 3 MP"}'
    found = listed(
        ("read01", held({"displays.DP-1.megapixels": "2 MP", "displays.DP-2.megapixels": "2.3 MP"}, line)),
        ("read02", held({"displays.HDMI-1.megapixels": "2 MP"}, line)),
    )
    (item,) = found.buy
    assert (item.fact, item.meaning) == ("displays.*.megapixels", "megapixels of the display")
    assert [(need.hosts, need.which, need.change) for need in item.needs] == [
        (("read01",), "DP-1", "from 2 MP to 3 MP (1 MP more)"),
        (("read01",), "DP-2", "from 2.3 MP to 3 MP (0.7 MP more)"),
        (("read02",), "HDMI-1", "from 2 MP to 3 MP (1 MP more)"),
    ]


@pytest.mark.parametrize(
    ("line", "values", "change"),
    [
        ('{fact: displays.*.pitch, maximum: "<= 0.21 mm"}', {"displays.DP-1.pitch": "0.27 mm"},
         "from 0.27 mm to at most 0.21 mm (0.06 mm too much)"),
        ('{fact: gpu.memory, minimum: ">= 2 GiB"}', {"gpu.memory": "absent"}, "from nothing to 2 GiB"),
        ('{fact: cpu.cores, minimum: "> 4 cores"}', {"cpu.cores": "4 cores"},
         "from 4 cores to more than 4 cores"),
    ],
)  # fmt: skip
def test_other_bounds(line: str, values: dict[str, Value], change: str) -> None:
    (item,) = listed(("read01", held(values, line))).buy
    assert item.needs[0].change == change


@pytest.mark.parametrize(
    ("fact", "part", "bought", "lasting"),
    [
        ("memory.total", "Memory", True, True),
        ("disk.cache.free", "Storage", True, True),
        ("disk.cache.encrypted", "Settings and services", False, False),
        ("disk.*.filesystem", "Settings and services", False, False),
        ("displays.DP-1.megapixels", "Displays", True, True),
        ("displays.*.product", "Displays", True, True),
        ("displays.count", "Displays", True, False),
        ("displays.DP-1.current_mode", "Settings and services", False, False),
        ("gpu.memory", "Graphics card", True, True),
        ("gpu.driver", "Software and versions", False, False),
        ("os.architecture", "Machine as a whole", True, True),
        ("os.version", "Software and versions", False, True),
        ("package.orthanc", "Software and versions", False, False),
        ("workload.concurrent_users", "Work that is put on the machine", False, True),
        ("orthanc.config.SaveJobs", "Settings and services", False, False),
        ("clock.offset", "Settings and services", False, False),
    ],
)
def test_which_part_a_fact_speaks_of(fact: str, part: str, bought: bool, lasting: bool) -> None:
    assert (part_of(fact), to_buy(fact), outlasts_a_build(fact)) == (part, bought, lasting)
