"""What a finding says is missing: amounts by fact, ways of which one is enough, wishes apart."""

from builder.assess.lacks import ways_of
from builder.models.finding import Finding, Lack
from tests.unit.sheet_parts import Value, finding_of

GIB = 1024.0**3


def lacks(line: str, values: dict[str, Value]) -> tuple[Lack, ...]:
    return finding_of(line, values).lacks


def test_an_amount_that_is_short() -> None:
    line = '{fact: memory.total, minimum: ">= 16 GiB", recommended: ">= 32 GiB"}'
    assert lacks(line, {"memory.total": "8 GiB"}) == (
        Lack(fact="memory.total", here="8 GiB", asked=">= 16 GiB", sign=">=", have=8 * GIB, want=16 * GIB),
    )


def test_what_is_recommended_is_a_wish() -> None:
    line = '{fact: memory.total, minimum: ">= 16 GiB", recommended: ">= 32 GiB"}'
    assert lacks(line, {"memory.total": "16 GiB"}) == (
        Lack(fact="memory.total", here="16 GiB", asked=">= 32 GiB", sign=">=", have=16 * GIB, want=32 * GIB, wish=True),
    )
    assert lacks(line, {"memory.total": "32 GiB"}) == ()
    (wish,) = lacks('{fact: cpu.cores, minimum: ">= 8 cores", level: recommended}', {"cpu.cores": "4 cores"})
    assert (wish.wish, wish.have, wish.want) == (True, 4, 8)


def test_a_computed_bound_is_an_amount() -> None:
    values: dict[str, Value] = {"memory.total": "8 GiB", "workload.largest_data_set": "2 GiB"}
    (lack,) = lacks('{fact: memory.total, minimum: ">= 10 * workload.largest_data_set"}', values)
    assert (lack.have, lack.want) == (8 * GIB, 20 * GIB)
    assert lack.asked == ">= 20 GiB (10 × largest data set; largest data set: 2 GiB)"  # noqa: RUF001 - as readers see it


def test_a_card_that_is_not_there_lacks_all_of_it() -> None:
    (lack,) = lacks('{fact: gpu.memory, minimum: ">= 2 GiB"}', {"gpu.memory": "absent"})
    assert (lack.here, lack.have, lack.want) == ("absent", None, 2 * GIB)


def test_of_several_ways_one_is_enough() -> None:
    line = '{any_of: [{fact: gpu.memory, minimum: ">= 4 GiB"}, {fact: memory.total, minimum: ">= 32 GiB"}]}'
    found = lacks(line, {"gpu.memory": "1 GiB", "memory.total": "8 GiB"})
    assert [(one.fact, one.either) for one in found] == [("gpu.memory", True), ("memory.total", True)]


def test_as_many_as_are_needed_lack_it_and_the_worst_of_them() -> None:
    """Two of four must fit and one does: one display is to be had, not a choice of three, and not three."""
    line = '{fact: displays.*.megapixels, minimum: ">= 3 MP", at_least: %d}'
    sizes = {"DP-1": "2.3 MP", "DP-2": "1.9 MP", "DP-3": "5 MP", "DP-4": "2 MP"}
    values: dict[str, Value] = {f"displays.{name}.megapixels": size for name, size in sizes.items()}
    assert [(one.fact, one.either) for one in lacks(line % 2, values)] == [("displays.DP-2.megapixels", False)]
    assert [one.fact.split(".")[1] for one in lacks(line % 3, values)] == ["DP-2", "DP-4"]
    assert [one.fact.split(".")[1] for one in lacks(line % 4, values)] == ["DP-2", "DP-4", "DP-1"]


def test_the_ways_of_a_choice_are_told_apart() -> None:
    first = '{any_of: [{fact: gpu.memory, minimum: ">= 4 GiB"}, {fact: memory.total, minimum: ">= 32 GiB"}]}'
    second = "{any_of: [{all_of: [{fact: os.id, is: debian}, {fact: cpu.model, is: Maker 9}]}, {fact: os.id, is: x}]}"
    values: dict[str, Value] = {"gpu.memory": "1 GiB", "memory.total": "8 GiB", "os.id": "y", "cpu.model": "z"}
    found = lacks(f"{{all_of: [{first}, {second}]}}", values)
    assert [[[one.fact for one in way] for way in choice] for choice in ways_of(found)] == [
        [["gpu.memory"], ["memory.total"]],
        [["os.id", "cpu.model"], ["os.id"]],
    ]
    assert ways_of(lacks('{fact: memory.total, minimum: ">= 32 GiB"}', values)) == ()


def test_all_that_is_missing_is_named() -> None:
    line = '{all_of: [{fact: cpu.cores, minimum: ">= 8 cores"}, {fact: memory.total, minimum: ">= 32 GiB"}]}'
    found = lacks(line, {"cpu.cores": "4 cores", "memory.total": "8 GiB"})
    assert [(one.fact, one.either) for one in found] == [("cpu.cores", False), ("memory.total", False)]


def test_within_the_tolerance_nothing_is_missing() -> None:
    line = '{fact: gpu.memory, minimum: ">= 2 GB", tolerance: 3 %}'
    assert lacks(line, {"gpu.memory": "1998 MB"}) == ()


def test_a_value_that_is_wrong_is_told_whole() -> None:
    assert lacks("{fact: os.id, is: debian}", {"os.id": "rhel"}) == (Lack(fact="os.id", here="rhel", asked="debian"),)


def test_what_has_no_amount_is_told_by_its_line() -> None:
    pair = '{equal: ["displays.*.product"], at_least: 2}'
    found = finding_of(pair, {"displays.DP-1.product": "A", "displays.DP-2.product": "B"})
    assert found.verdict == "short"
    assert [(one.fact, one.here) for one in found.lacks] == [("displays.*.product", found.observed)]


def test_nothing_is_missing_of_what_is_not_known() -> None:
    line = '{fact: memory.total, minimum: ">= 16 GiB"}'
    unread: Finding = finding_of(line, {"memory.total": "unread"})
    assert (unread.verdict, unread.lacks) == ("unknown", ())


def test_of_levels_the_lowest_that_would_do() -> None:
    line = """{levels: [{level: optimal, fact: memory.total, minimum: ">= 64 GiB"},
                        {level: desirable, fact: memory.total, minimum: ">= 32 GiB"},
                        {level: not supported, fact: memory.total, minimum: ">= 1 GiB"}]}"""
    (lack,) = lacks(line, {"memory.total": "8 GiB"})
    assert (lack.want, lack.wish) == (32 * GIB, False)
    (wish,) = lacks(line, {"memory.total": "32 GiB"})
    assert (wish.want, wish.wish) == (64 * GIB, True)
