"""Displays in the dossier of a run: the verdicts of its evidence, the report that counted then, and the page."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from builder.assess.display import Report
from builder.assess.held import held_displays
from builder.assess.proof import evidence_of
from builder.models.dossier import Dossier, HostReading
from builder.models.fact import Fact
from builder.models.site import Host
from builder.report import cleaned, dossier_html
from builder.report.assemble import assemble
from builder.report.displays import display_html
from builder.report.formats import dossier_json
from tests.unit.held_sample import LEFT, REPORT, RIGHT, SHEETS, TODAY, changed, seen, station
from tests.unit.report_sample import BEGAN, RUN, sample_run
from tests.unit.site_parts import example
from tests.unit.test_report_page import Outline

GOLDEN = Path(__file__).parent / "golden" / "displays"
FACTS = seen(DP1={}, DP2={"serial": "27700018"})
BOTH = station(LEFT, RIGHT)


def dossier(
    host: Host = BOTH,
    facts: dict[str, Fact] | None = None,
    counted: tuple[Report, ...] = (REPORT,),
    there: tuple[Report, ...] | None = None,
) -> Dossier:
    """The dossier of a run in which the reports `counted` were read, written when the reports `there` lie there."""
    said = FACTS if facts is None else facts
    site = example()
    site = site.model_copy(update={"hosts": (*site.hosts, host)})
    run = sample_run().model_copy(update={"hosts": ("archive01", "read02")})
    held = held_displays(host, said, SHEETS, counted, TODAY)
    evidence = [evidence_of(one, "read02", RUN, BEGAN) for display in held for one in display.findings]
    reading = HostReading(host="read02", read=BEGAN, facts=tuple(said.values()))
    return assemble(site, run, evidence=evidence, facts=[reading], generated=BEGAN + timedelta(minutes=5),
                    sheets=SHEETS, reports=counted if there is None else there)  # fmt: skip


def test_each_display_stands_there_with_its_evidence() -> None:
    left, right = dossier().displays
    assert (left.name, left.title) == ("read02, left", "read02, left: ENC 2651, serial 27700017")
    assert left.calibration == REPORT.calibration
    assert left.limit == 10
    assert [(one.verdict, one.proof) for one in left.lines][:4] == [("met", 1), ("met", 2), ("met", 3), ("short", 4)]
    assert right.title == "read02, right: ENC 2651, serial 27700018"
    assert (right.calibration, right.missing) == (None, "there is no calibration report of this display")
    assert [one.proof for one in right.lines] == list(range(9, 17))


def test_the_page_and_its_golden_sections() -> None:
    """Rewrite them with PACSMITH_REWRITE_GOLDEN=1 and read the difference before you commit it."""
    made = dossier()
    texts = {f"{name}.html": display_html(one) for name, one in zip(("left", "right"), made.displays, strict=True)}
    if os.environ.get("PACSMITH_REWRITE_GOLDEN"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (GOLDEN / name).write_text(text, encoding="utf-8")
    assert texts == {path.name: path.read_text(encoding="utf-8") for path in GOLDEN.iterdir()}
    page = dossier_html(made)
    outline = Outline()
    outline.feed(page)
    assert not outline.open
    assert len(outline.ids) == len(set(outline.ids))
    assert {link.removeprefix("#") for link in outline.links} <= set(outline.ids)
    assert not outline.outside
    assert "displays" in outline.ids
    assert {"display-read02-left", "display-read02-right"} <= set(outline.ids)
    assert page.count("<svg") == 2  # the network and the one display that was measured


def test_a_dossier_without_such_displays_has_no_such_part() -> None:
    plain = {name: value for name, value in LEFT.items() if name not in ("standard", "class")}
    made = dossier(station(plain))
    assert made.displays == ()
    assert 'id="displays"' not in dossier_html(made)


def test_it_is_kept_as_json_and_cleaned_of_secrets() -> None:
    made = dossier()
    assert Dossier.model_validate_json(dossier_json(made)) == made
    clean = cleaned(made, lambda text: text.replace("Example LM-1", "REMOVED"))
    assert clean.displays[0].calibration is not None
    assert clean.displays[0].calibration.instrument.startswith("REMOVED")


def test_a_report_that_was_changed_since_is_not_drawn() -> None:
    """Nobody judged what it says now."""

    def missing(**reports: Any) -> str:
        return dossier(station(), seen(DP1={}), **reports).displays[0].missing

    gone = "the calibration report that this run counted is no longer there as it was"
    assert missing(there=(changed(ambient=0.1),)) == gone
    assert missing(there=()) == gone
    assert missing(counted=(), there=(REPORT,)) == "this run found no calibration report of this display"
    assert missing() == ""


def test_the_due_day_is_that_of_the_run() -> None:
    review = station(LEFT | {"standard": "rcr", "class": "clinical-review"})
    assert dossier(review, seen(DP1={})).displays[0].due == "Due on 2027-09-14"
