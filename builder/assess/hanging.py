"""Whether a display of the site file hangs on its host, by maker, product and serial number and never by its connector;
and which calibration report is its own (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from builder.assess.display import CURRENT, FIGURES, Report, newest, panels, report_of
from builder.models.catalogue import CATALOGUE
from builder.models.display import Display
from builder.models.evidence import Verdict
from builder.models.fact import Fact
from builder.models.finding import Finding, Lack
from builder.models.sheet import Sheet

EDID_FACTS = frozenset(
    entry.name for entry in CATALOGUE if entry.name.startswith("display.") and entry.name not in (CURRENT, *FIGURES)
)
"""What a display says of itself."""
_SERIALS = ("display.serial", "display.serial_number")
_LOOKS = "PACS administrator"


@dataclass(frozen=True)
class Hung:
    """Whether a display hangs where the site says: `met`, `short` (others hang there) or `unknown` (nobody could read
    which). `sentence` says why; `there`: what others hang there; `panel` is what the EDID says of it, or why that is
    not known."""

    display: Display
    host: str
    verdict: Verdict
    sentence: str
    panel: Mapping[str, Fact]
    report: Report
    connector: str | None = None
    there: str | None = None

    def finding(self, sheet: Sheet) -> Finding:
        """The line that stands above those of the standard: what was measured is of this display or of none."""
        first = next(iter(self.panel.values()), None)
        return Finding(
            product=sheet.product.id,
            requirement="display",
            verdict=self.verdict,
            level="minimum" if self.verdict == "met" else None,
            grade="minimum" if self.verdict == "met" else None,
            expected=f"{self.display.identity} hangs on {self.host}",
            observed=self.sentence.rstrip("."),
            sentence=self.sentence,
            source="site file",
            attest=_LOOKS if self.verdict == "unknown" else None,
            commands=(first.command,) if first is not None else (),
            raw_sha256=first.raw_sha256 if first is not None else None,
            lacks=self._missing(),
        )

    def _missing(self) -> tuple[Lack, ...]:
        """Nothing to buy: the display is to be hung there, or the site file to be corrected."""
        if self.there is None:
            return ()
        asked = f"{self.display.identity}, or the site file corrected"
        return (Lack(fact="display.serial", here=self.there, asked=asked),)


def hang(display: Display, host: str, facts: Mapping[str, Fact], reports: Sequence[Report]) -> Hung:
    """The display among those that the host's survey saw.

    Where nobody could read which displays hang there, the report is that of the serial number in the site file, and
    somebody must look; where others hang there, no report counts.
    """
    found = panels(facts)
    its = {connector: panel for connector, panel in found.items() if _matches(display, panel) is True}
    doubtful = [connector for connector, panel in found.items() if _matches(display, panel) is None]
    if len(its) == 1:
        connector, panel = next(iter(its.items()))
        said = {name: fact for name, fact in panel.items() if name in EDID_FACTS}
        return Hung(display, host, "met", f"It hangs on {connector}.", said, report_of(panel, reports),
                    connector)  # fmt: skip
    if found and not its and not doubtful:
        there = ", ".join(f"{_identity(panel)} on {connector}" for connector, panel in found.items())
        why = f"{display.identity} does not hang on {host}"
        return Hung(display, host, "short", f"It does not hang there, but {there}.", _unread(why, facts),
                    Report(missing=f"{why}, so that nothing measured on it counts"), there=there)  # fmt: skip
    why = _unseen(display, its, doubtful, facts)
    serials = [display.serial] if display.serial else []
    report = newest(reports, display.maker, display.product, serials)
    if not serials:
        report = Report(missing="neither survey nor site file states the display's serial number, by which its "
                                "calibration report would be found")  # fmt: skip
    return Hung(display, host, "unknown", f"Which displays hang there cannot be told, since {why}.",
                _unread(why, facts), report)  # fmt: skip


def _matches(display: Display, panel: Mapping[str, Fact]) -> bool | None:
    """Whether the panel is that display; None where it does not say enough of itself."""
    for name, wanted in (("display.maker", display.maker), ("display.product", display.product)):
        said = _value(panel, name)
        if said is not None and said != wanted:
            return False
        if said is None:
            return None
    serials = {said for name in _SERIALS if (said := _value(panel, name)) is not None}
    if display.serial is None or display.serial in serials:
        return True
    return False if serials else None


def _value(panel: Mapping[str, Fact], name: str) -> str | None:
    fact = panel.get(name)
    return str(fact.value) if fact is not None and fact.value is not None else None


def _identity(panel: Mapping[str, Fact]) -> str:
    said = [_value(panel, name) or "?" for name in ("display.maker", "display.product")]
    serial = next((value for name in _SERIALS if (value := _value(panel, name)) is not None), None)
    return " ".join(said) + (f", serial {serial}" if serial else ", without a serial number")


def _unseen(display: Display, its: Mapping[str, object], doubtful: Sequence[str], facts: Mapping[str, Fact]) -> str:
    """Why nobody can tell whether it is there, as the end of "since ..."."""
    if its:
        return f"several are of its make ({', '.join(its)}) and the site file names no serial number of {display.name}"
    if doubtful:
        return f"what hangs on {' and '.join(doubtful)} does not say which display it is"
    count = facts.get("displays.count")
    if count is None:
        return "the survey did not ask for displays"
    if count.error is not None:
        return f"the displays could not be read ({count.error})"
    return "the survey sees no display" if not count.value else "the survey does not tell the displays apart"


def _unread(why: str, facts: Mapping[str, Fact]) -> dict[str, Fact]:
    count = facts.get("displays.count")
    command = count.command if count is not None else "no survey of displays"
    digest = count.raw_sha256 if count is not None else None
    return {name: Fact(name=name, error=why, command=command, raw_sha256=digest) for name in sorted(EDID_FACTS)}
