"""The shopping list: amounts, hosts, lines, and what is to be found out first."""

import pytest

from builder.assess.assessment import assess
from builder.assess.need import Asking, Need, ShoppingList
from builder.assess.parts import outlasts_a_build, part_of, to_buy
from builder.assess.shopping import shopping_list
from builder.models.finding import Finding
from builder.models.site import Waiver
from tests.unit.sheet_parts import TODAY, Value, facts_of, sheet_of

MEMORY = '{fact: memory.total, minimum: ">= 16 GiB", recommended: ">= 32 GiB"}'
GIB = 1024.0**3
PLACE = "Guide @ 3, section 1"


def held(values: dict[str, Value], *lines: str, waivers: tuple[Waiver, ...] = ()) -> tuple[Finding, ...]:
    return assess(sheet_of(*lines), facts_of(values), waivers=waivers, today=TODAY)


def listed(*hosts: tuple[str, tuple[Finding, ...]]) -> ShoppingList:
    return shopping_list(hosts)


def changes(need: Need) -> list[str]:
    return [want.change for want in need.wants]


def test_what_how_much_for_whom_and_who_asks() -> None:
    found = listed(
        ("read01", held({"memory.total": "8 GiB"}, MEMORY)),
        ("read02", held({"memory.total": "4 GiB"}, MEMORY)),
        ("read03", held({"memory.total": "64 GiB"}, MEMORY)),
    )
    (item,) = found.buy
    assert (item.part, item.amount, item.hosts) == ("Memory", "20 GiB more in 2 machines", ("read01", "read02"))
    (first,), (second,) = (need.wants for need in item.needs)
    assert (first.meaning, first.change, first.more) == ("main memory", "at least 16 GiB (has 8 GiB)", "8 GiB")
    assert (second.change, second.more) == ("at least 16 GiB (has 4 GiB)", "12 GiB")
    assert (first.have, first.want, first.missing) == (8 * GIB, 16 * GIB, 8 * GIB)
    asking = Asking(product="thing", requirement="line0", asked="at least 16 GiB", source=PLACE)
    assert item.needs[0].lines == (asking,)
    assert (found.wish, found.arrange, found.find_out) == ((), (), ())


def test_hosts_that_lack_the_same_stand_together() -> None:
    short = held({"memory.total": "8 GiB"}, MEMORY)
    found = listed(("read01", short), ("read02", short), ("read03", held({"memory.total": "4 GiB"}, MEMORY)))
    (item,) = found.buy
    assert [need.hosts for need in item.needs] == [("read01", "read02"), ("read03",)]
    assert item.amount == "28 GiB more in 3 machines"
    unread = held({}, MEMORY)
    (question,) = listed(("read01", unread), ("read02", unread)).find_out
    assert question.hosts == ("read01", "read02")


def test_what_is_recommended_stands_apart() -> None:
    found = listed(("read01", held({"memory.total": "16 GiB"}, MEMORY)))
    assert found.buy == ()
    assert [changes(need) for need in found.wish[0].needs] == [["at least 32 GiB (has 16 GiB)"]]


def test_the_most_demanding_line_decides_and_all_are_named() -> None:
    """Also where the two lines are of two sheets, whose findings come one after the other."""
    more = held({"memory.total": "8 GiB"}, '{id: big, fact: memory.total, minimum: ">= 24 GiB"}')
    found = listed(("read01", held({"memory.total": "8 GiB"}, MEMORY)), ("read01", more))
    (need,) = found.buy[0].needs
    assert changes(need) == ["at least 24 GiB (has 8 GiB)"]
    assert found.buy[0].amount == "16 GiB more in 1 machine"
    assert [line.requirement for line in need.lines] == ["line0", "big"]


def test_a_wish_that_the_purchase_fulfils_is_no_wish() -> None:
    wish = '{fact: memory.total, minimum: ">= 12 GiB", level: recommended}'
    more = '{fact: memory.total, minimum: ">= 48 GiB", level: recommended}'
    assert listed(("read01", held({"memory.total": "8 GiB"}, MEMORY, wish))).wish == ()
    (item,) = listed(("read01", held({"memory.total": "8 GiB"}, MEMORY, more))).wish
    assert changes(item.needs[0]) == ["at least 48 GiB (has 8 GiB)"]


def test_what_is_set_or_installed_is_not_bought() -> None:
    found = listed(
        ("read01", held({"os.id": "rhel", "gpu.driver": "470.1"}, "{fact: os.id, is: debian}",
                        '{fact: gpu.driver, minimum: ">= 535"}'))
    )  # fmt: skip
    assert found.buy == ()
    (item,) = found.arrange
    assert (item.part, item.amount) == ("Software and versions", "1 machine")
    assert changes(item.needs[0]) == ["at least 535 (is 470.1)", "debian (is rhel)"]


def test_a_card_is_replaced_and_not_added_to() -> None:
    """One card that has all that is asked, not gigabytes beside the old one's."""
    line = '{all_of: [{fact: gpu.memory, minimum: ">= 4 GiB"}, {fact: gpu.model, is: Maker 9}]}'
    values: dict[str, Value] = {"gpu.memory": "1 GiB", "gpu.model": "Maker 1"}
    found = listed(("read01", held(values, line)), ("read02", held({**values, "gpu.memory": "2 GiB"}, line)))
    (item,) = found.buy
    assert (item.part, item.amount) == ("Graphics card", "2 cards")
    assert changes(item.needs[0]) == ["at least 4 GiB (has 1 GiB)", "Maker 9 (is Maker 1)"]
    assert {want.more for need in item.needs for want in need.wants} == {None}


def test_drives_are_counted_as_they_are_sold() -> None:
    lines = ('{fact: disk.storage.size, minimum: ">= 20 TB"}', '{fact: disk.storage.free, minimum: ">= 19.5 TB"}',
             '{fact: disk.system.size, minimum: ">= 480 GB"}')  # fmt: skip
    values: dict[str, Value] = {
        "disk.storage.size": "1 TB",
        "disk.storage.free": "500 GB",
        "disk.system.size": "256 GB",
    }
    (item,) = listed(("arc1", held(values, *lines))).buy
    (need,) = item.needs
    assert changes(need) == [
        "at least 19.5 TB (has 500 GB)",
        "at least 20 TB (has 1 TB)",
        "at least 480 GB (has 256 GB)",
    ]
    assert item.amount == "19.2 TB more in 1 machine"
    assert need.notes == ("or make room there: free space in the storage directory",)


BOARD: dict[str, Value] = {"memory.installed": "8 GiB", "memory.slots": 4, "memory.slots_used": 2,
                           "memory.modules": "2 x 4 GiB DDR3", "memory.maximum": "12 GiB"}  # fmt: skip


def test_memory_is_counted_by_its_modules_with_the_room_on_the_board() -> None:
    """The system sees 7.8 GiB of 8: the buyer needs 8 more, not 8.2."""
    found = shopping_list([("read01", held({"memory.total": "7.8 GiB"}, MEMORY))], {"read01": facts_of(BOARD)})
    (need,) = found.buy[0].needs
    assert (changes(need), need.wants[0].more) == (["at least 16 GiB (has 8 GiB)"], "8 GiB")
    assert need.notes == (
        "now 2 x 4 GiB DDR3; 2 of 4 slots are free",
        "the board takes at most 12 GiB: another board or machine is needed",
    )


@pytest.mark.parametrize(
    ("total", "more"),
    [
        ("4 GiB", {}),  # modules of another machine
        ("15.3 GiB", {"memory.installed": "16 GiB"}),  # as many as are asked: what is kept back is missing
        ("7.8 GiB", {"memory.installed": "unread"}),
    ],
)
def test_where_the_modules_cannot_be_what_is_meant_the_system_counts(total: str, more: dict[str, Value]) -> None:
    facts = {"read01": facts_of({**BOARD, **more})}
    (item,) = shopping_list([("read01", held({"memory.total": total}, MEMORY))], facts).buy
    assert changes(item.needs[0]) == [f"at least 16 GiB (has {total})"]


def test_no_free_slot_is_told() -> None:
    facts = {"read01": facts_of({**BOARD, "memory.slots_used": 4, "memory.maximum": "64 GiB"})}
    (item,) = shopping_list([("read01", held({"memory.total": "8 GiB"}, MEMORY))], facts).buy
    assert item.needs[0].notes == ("now 2 x 4 GiB DDR3; none of 4 slots is free, so modules must be exchanged",)


def test_parts_of_a_machine_that_goes_are_asked_of_the_new_one() -> None:
    """A display stays; memory for a machine that is too old would be thrown away with it."""
    lines = (MEMORY, "{fact: asset.released, within: 5 years}", '{fact: cpu.cores, recommended: ">= 8 cores"}',
             '{fact: displays.*.megapixels, minimum: ">= 3 MP"}', "{fact: os.id, is: debian}")  # fmt: skip
    values: dict[str, Value] = {"memory.total": "8 GiB", "asset.released": "2013-01-01", "cpu.cores": "4 cores",
                                "displays.DP-1.megapixels": "2 MP", "os.id": "rhel"}  # fmt: skip
    found = listed(("read01", held(values, *lines)))
    assert [(item.part, item.amount) for item in found.buy] == [
        ("Displays", "1 display"), ("Whole machine", "1 machine"),
    ]  # fmt: skip
    (need,) = found.buy[1].needs
    assert changes(need) == ["within the last 5 years (is 2013-01-01)", "at least 16 GiB (has 8 GiB)"]
    assert [line.requirement for line in need.lines] == ["line1", "line0"]
    assert need.wants[1].more is None
    assert [item.part for item in found.wish] == ["Whole machine"]
    assert [item.part for item in found.arrange] == ["Software and versions"]


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


CHOICE = '{any_of: [{fact: gpu.memory, minimum: ">= 4 GiB"}, {fact: memory.total, minimum: ">= 32 GiB"}]}'
SMALL: dict[str, Value] = {"gpu.memory": "1 GiB", "memory.total": "8 GiB"}


def test_one_of_several_is_enough_and_is_not_added_up() -> None:
    found = listed(("read01", held(SMALL, CHOICE)), ("read02", held(SMALL, CHOICE)))
    assert [(item.part, item.amount, item.needs[0].either) for item in found.buy] == [
        ("Memory", "one of several ways for 2 machines", True),
        ("Graphics card", "one of several ways for 2 cards", True),
    ]
    assert found.buy[0].needs[0].wants[0].instead == ("graphics memory: at least 4 GiB",)


@pytest.mark.parametrize(
    ("firm", "parts"),
    [
        ('{fact: gpu.memory, minimum: ">= 8 GiB"}', {"Graphics card": False}),  # more than the choice asks: settled
        ('{fact: gpu.memory, minimum: ">= 2 GiB"}', {"Graphics card": False, "Memory": True}),  # less: still open
        ('{fact: gpu.memory, recommended: ">= 8 GiB"}', {"Graphics card": True, "Memory": True}),  # nobody must
    ],
)
def test_a_choice_that_another_line_settles_asks_for_nothing(firm: str, parts: dict[str, bool]) -> None:
    found = listed(("read01", held(SMALL, CHOICE, firm)))
    assert {item.part: item.needs[0].either for item in found.buy} == parts


def test_two_choices_of_one_line_are_kept_apart() -> None:
    """Settling the one is not settling the other."""
    both = f"""{{all_of: [{CHOICE}, {{any_of: [{{fact: cpu.cores, minimum: ">= 8 cores"}},
               {{fact: disk.system.medium, is: ssd}}]}}]}}"""
    values: dict[str, Value] = {**SMALL, "cpu.cores": "4 cores", "disk.system.medium": "hdd"}
    found = listed(("read01", held(values, both, '{fact: cpu.cores, minimum: ">= 8 cores"}')))
    assert [(item.part, item.needs[0].either) for item in found.buy] == [
        ("Memory", True), ("Processor", False), ("Graphics card", True),
    ]  # fmt: skip


def test_ways_that_ask_for_one_and_the_same_part_leave_no_doubt_about_it() -> None:
    """Whichever model it is to be, a card is needed."""
    line = "{any_of: [{fact: gpu.model, is: Maker 9}, {fact: gpu.model, is: Maker 8}]}"
    (item,) = listed(("read01", held({"gpu.model": "Maker 1"}, line))).buy
    (need,) = item.needs
    assert (item.amount, need.either) == ("1 card", False)
    assert [(want.change, want.instead) for want in need.wants] == [
        ("Maker 9 (is Maker 1)", ("graphics card: Maker 8",))
    ]


def test_displays_are_one_thing_on_whatever_connector() -> None:
    line = '{fact: displays.*.megapixels, minimum: ">= 3 MP"}'
    found = listed(
        ("read01", held({"displays.DP-1.megapixels": "2 MP", "displays.DP-2.megapixels": "2.3 MP"}, line)),
        ("read02", held({"displays.HDMI-1.megapixels": "2 MP"}, line)),
    )
    (item,) = found.buy
    assert (item.part, item.amount) == ("Displays", "3 displays")
    assert [(need.hosts, need.which, changes(need)) for need in item.needs] == [
        (("read01",), "DP-1", ["at least 3 MP (has 2 MP)"]),
        (("read01",), "DP-2", ["at least 3 MP (has 2.3 MP)"]),
        (("read02",), "HDMI-1", ["at least 3 MP (has 2 MP)"]),
    ]


def test_a_display_with_two_faults_and_its_pair_is_bought_once() -> None:
    """And the one that is not there at all is another one."""
    lines = ('{fact: displays.*.megapixels, minimum: ">= 3 MP"}', '{fact: displays.*.pitch, maximum: "<= 0.21 mm"}',
             '{equal: ["displays.*.product"], at_least: 2}', '{fact: displays.count, minimum: ">= 3"}')  # fmt: skip
    values: dict[str, Value] = {"displays.count": 2,
                                "displays.DP-1.megapixels": "2 MP", "displays.DP-1.pitch": "0.27 mm",
                                "displays.DP-2.megapixels": "3 MP", "displays.DP-2.pitch": "0.2 mm",
                                "displays.DP-1.product": "A", "displays.DP-2.product": "B"}  # fmt: skip
    (item,) = listed(("read01", held(values, *lines[:3]))).buy
    assert item.amount == "1 display"
    assert item.needs[0].which == "DP-1"
    assert changes(item.needs[0]) == ["at least 3 MP (has 2 MP)", "at most 0.21 mm (has 0.27 mm)"]
    (item,) = listed(("read01", held(values, *lines))).buy
    assert item.amount == "2 displays"


@pytest.mark.parametrize("name", ["gpus.43-00-0.memory", "drives.sda.size"])
def test_a_card_or_a_drive_is_named(name: str) -> None:
    kind, which, what = name.split(".")
    (item,) = listed(("read01", held({name: "2 GB"}, f'{{fact: {kind}.*.{what}, minimum: ">= 4 GB"}}'))).buy
    assert item.needs[0].which == which


def test_what_was_measured_of_a_display_by_its_connector_is_told_whole() -> None:
    """`displays.DP-1.luminance.own.maximum` has more words after the connector than others."""
    line = '{fact: displays.*.luminance.own.maximum, minimum: ">= 350 cd/m2"}'
    (item,) = listed(("read01", held({"displays.DP-1.luminance.own.maximum": "200 cd/m2"}, line))).arrange
    assert (item.part, item.amount, item.needs[0].which) == ("Calibration of displays", "1 display", "DP-1")


@pytest.mark.parametrize(
    ("line", "values", "change"),
    [
        ('{fact: displays.*.pitch, maximum: "<= 0.21 mm"}', {"displays.DP-1.pitch": "0.27 mm"},
         "at most 0.21 mm (has 0.27 mm)"),
        ('{fact: gpu.memory, minimum: ">= 2 GiB"}', {"gpu.memory": "absent"}, "at least 2 GiB (has none)"),
        ('{fact: cpu.cores, minimum: "> 4 cores"}', {"cpu.cores": "4 cores"},
         "more than 4 cores (has 4 cores)"),
        ("{fact: gpu.model, is: Maker 9}", {"gpu.model": "absent"}, "Maker 9 (is not there)"),
    ],
)  # fmt: skip
def test_other_bounds(line: str, values: dict[str, Value], change: str) -> None:
    (item,) = listed(("read01", held(values, line))).buy
    assert changes(item.needs[0]) == [change]


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
        ("os.architecture", "Whole machine", True, True),
        ("bios.version", "Software and versions", False, True),
        ("display.luminance.own.maximum", "Calibration of displays", False, False),
        ("displays.DP-1.gsdf.deviation", "Calibration of displays", False, False),
        ("display.calibration.current", "Calibration of displays", False, False),
        ("display.pitch", "Displays", True, True),
        ("display.serial", "Settings and services", False, False),
        ("os.version", "Software and versions", False, True),
        ("package.orthanc", "Software and versions", False, False),
        ("workload.concurrent_users", "Work that is put on the machine", False, True),
        ("orthanc.config.SaveJobs", "Settings and services", False, False),
        ("clock.offset", "Settings and services", False, False),
    ],
)
def test_which_part_a_fact_speaks_of(fact: str, part: str, bought: bool, lasting: bool) -> None:
    assert (part_of(fact), to_buy(fact), outlasts_a_build(fact)) == (part, bought, lasting)
