"""What the shopping list makes of displays that are held to a standard: bought, calibrated, hung or measured."""

from typing import Any

from builder.assess.display import Report
from builder.assess.need import Need, ShoppingList
from builder.assess.overview import overview
from builder.models.fact import Fact
from builder.models.site import Host
from tests.unit.held_sample import LEFT, REPORT, RIGHT, SHEETS, TODAY, changed, seen, station


def listed(facts: dict[str, Fact], *reports: Report, host: Host | None = None) -> ShoppingList:
    read = [(host or station(), facts, None)]
    return overview(("elm", "Elm"), read, [one for one in SHEETS if one.machine == "display"], TODAY, None,
                    reports).shopping  # fmt: skip


def wanted(need: Need) -> list[str]:
    return [want.change for want in need.wants]


def test_a_display_that_is_too_small_is_bought() -> None:
    (item,) = listed(seen(DP1={"megapixels": 1.92}), changed()).buy
    assert (item.part, item.amount) == ("Displays", "1 display")
    (need,) = item.needs
    assert (need.hosts, need.which) == (("read02",), "left")
    assert wanted(need)[0] == "at least 3 MP (has 1.92 MP)"
    assert need.lines[0].requirement == "left-diagnostic-pixels"


def test_a_display_out_of_its_figures_is_calibrated() -> None:
    """Its minimum luminance is short, with the room's light and without: one display, and nothing to buy."""
    found = listed(seen(DP1={}), REPORT)
    assert found.buy == ()
    (item,) = found.arrange
    assert (item.part, item.amount) == ("Calibration of displays", "1 display")
    (need,) = item.needs
    assert (need.which, need.either) == ("left", False)
    (want,) = need.wants
    assert want.meaning == "minimum luminance, without the room's light"
    assert want.instead == ("minimum luminance, with the room's light: at least 1 cd/m2",)


def test_a_display_that_is_bought_is_not_calibrated_first() -> None:
    found = listed(seen(DP1={"megapixels": 1.92}), REPORT)
    assert found.arrange == ()
    (need,) = found.buy[0].needs
    assert [line.requirement for line in need.lines] == ["left-diagnostic-pixels", "left-darkest"]
    assert [want.fact for want in need.wants] == ["display.megapixels", "display.luminance.own.minimum"]


def test_two_displays_of_a_host_are_two() -> None:
    small = seen(DP1={"megapixels": 1.92}, DP2={"megapixels": 1.92, "serial": "27700018"})
    (item,) = listed(small, host=station(LEFT, RIGHT)).buy
    assert (item.amount, [need.which for need in item.needs]) == ("2 displays", ["left", "right"])


def test_another_display_in_its_place_is_told_and_nothing_is_asked_of_it() -> None:
    """Nor is it to be bought: the right one may stand on the next desk. A display whose name begins alike is asked."""
    there = seen(DP1={"serial": "5"}, DP2={"serial": "27700018"})
    found = listed(there, REPORT, host=station(LEFT, {**RIGHT, "name": "left-two"}))
    assert found.buy == ()
    (item,) = found.arrange
    (need,) = item.needs
    assert (item.part, need.which, need.lines[0].requirement) == ("Settings and services", "left", "left-display")
    assert wanted(need) == [
        "ENC 2651, serial 27700017, or the site file corrected "
        "(now: ENC 2651, serial 5 on DP1, ENC 2651, serial 27700018 on DP2)"
    ]
    asked = {one.requirement for one in found.find_out}
    assert "left-two-greys" in asked
    assert "left-greys" not in asked


def test_what_nobody_has_measured_is_the_physicist_s_to_measure() -> None:
    asked = {one.requirement: one.person for one in listed(seen(DP1={})).find_out}
    assert asked["left-greys"] == "medical physicist, by measuring the display,"
    unread: dict[str, Any] = {
        "displays.count": Fact(name="displays.count", error="xrandr: not found", command="xrandr")
    }
    assert {one.requirement: one.person for one in listed(unread).find_out}["left-display"] == "PACS administrator"


def test_the_display_of_a_product_s_own_sheet_is_the_one_of_the_standard() -> None:
    """One is named by its connector and the other by the site: it is bought once."""
    product = SHEETS[0].model_validate({
        "product": {"id": "aeskulap", "name": "Aeskulap", "versions": ">=0"}, "machine": "workstation",
        "source": {"title": "Guide", "address": "book", "revision": "3", "read": "2026-11-21", "trust": "A"},
        "requirements": [{"id": "pixels", "fact": "displays.*.megapixels", "minimum": ">= 2.3 MP", "place": "page 1"}],
    })  # fmt: skip
    sheets = [product, *(one for one in SHEETS if one.machine == "display")]
    read = [(station(), seen(DP1={"megapixels": 1.92}), None)]
    (item,) = overview(("elm", "Elm"), read, sheets, TODAY, None, (changed(),)).shopping.buy
    (need,) = item.needs
    assert (item.amount, need.which, wanted(need)[0]) == ("1 display", "left", "at least 3 MP (has 1.92 MP)")
    assert [line.product for line in need.lines][:2] == ["aeskulap", "display-ranzcr"]
