"""A display in the dossier: what its standard asks, what was measured, and how its greys follow the GSDF. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from builder.assess.calibration import Response, response
from builder.assess.display import CURRENT, Report
from builder.assess.hanging import EDID_FACTS
from builder.assess.proof import brief
from builder.assess.reading import UnclearError, told
from builder.models.catalogue import fact_kind
from builder.models.comparison import comparison
from builder.models.dossier import DisplayFigure, DisplayLine, DisplayRecord
from builder.models.fact import Fact
from builder.models.finding import Finding
from builder.models.sheet import Sheet
from builder.report.gsdf_plot import deviation_svg, is_beyond, signed, summary
from builder.report.templating import environment, slug

_DEVIATION = "display.gsdf.deviation"


@dataclass(frozen=True)
class Shown:
    """A display as a dossier shows it. `facts` are those of the panel and of its report, `findings` those of its
    standard."""

    name: str
    sheet: Sheet
    display_class: str | None
    report: Report
    facts: Mapping[str, Fact]
    findings: Sequence[Finding]

    @property
    def title(self) -> str:
        """As `read02, left: ENC 2651, serial 27700017`."""
        calibration = self.report.calibration
        return f"{self.name}: {calibration.display}" if calibration else self.name

    @property
    def standard(self) -> str:
        """As `RANZCR Standards of Practice: displays, class diagnostic`."""
        product = self.sheet.product
        edition = f", {product.edition}" if product.edition else ""
        return f"{product.name}{edition}" + (f", class {self.display_class}" if self.display_class else "")


def record_of(shown: Shown) -> DisplayRecord:
    """The display as the dossier keeps it: all that its section says, in words and figures."""
    source, report = shown.sheet.source, shown.report
    return DisplayRecord(
        name=shown.name,
        title=shown.title,
        standard=shown.standard,
        source=source.cited,
        trust=source.trust,
        limit=limit_of(shown.sheet, shown.display_class),
        calibration=report.calibration,
        file=report.file,
        sha256=report.sha256,
        missing="" if report.calibration else report.missing,
        due=_due(shown.facts.get(CURRENT)),
        figures=tuple(
            DisplayFigure(
                meaning=fact_kind(name).meaning,
                value=_said(fact),
                origin=brief(fact.command) if name in EDID_FACTS else fact.command.removeprefix(f"{report.file}: "),
            )
            for name, fact in shown.facts.items()
            if name != CURRENT
        ),
        lines=tuple(
            DisplayLine(verdict=one.verdict, expected=one.expected, found=one.sentence, attest=one.attest)
            for one in shown.findings
        ),
    )


def display_html(record: DisplayRecord) -> str:
    """One display as an HTML section without external parts, for a page that has the dossier's style sheet."""
    greys, why = _greys(record)
    title = f"Deviation of the grey steps from the GSDF, {record.title}"
    key = slug(record.name)
    # The plot's own template escaped what it holds.
    plot = Markup(deviation_svg(greys, title=title, limit=record.limit, key=key)) if greys else ""
    return environment().get_template("display.html.j2").render(
        d=record,
        key=key,
        greys=greys,
        why=why,
        summary=summary(greys, record.limit) if greys else "",
        plot=plot,
        light=_light,
        beyond=lambda step: is_beyond(step, record.limit),
        signed=signed,
    )  # fmt: skip


def limit_of(sheet: Sheet, display_class: str | None) -> float | None:
    """The greatest deviation in per cent that the standard allows a step; None when it gives none."""
    for line in sheet.requirements:
        if line.fact == _DEVIATION and line.maximum and (line.when is None or display_class in line.when.use):
            bound = comparison(line.maximum, line.kind).bound
            return float(bound) if isinstance(bound, Decimal) else None
    return None


def _greys(record: DisplayRecord) -> tuple[Response | None, str]:
    if record.calibration is None:
        return None, record.missing
    try:
        return response(record.calibration), ""
    except UnclearError as why:
        return None, str(why)


def _due(current: Fact | None) -> str:
    """When it is to be measured again; empty where the standard gives no interval."""
    if current is None:
        return ""
    if current.error is not None:
        return f"Whether that is in date cannot be told: {current.error}"
    when = (current.note or "").partition(", ")[2]  # after "measured on 2026-09-14, "
    return when[:1].upper() + when[1:]


def _light(value: float) -> str:
    """A luminance with the digits that a meter tells."""
    return f"{value:.3f}" if value < 10 else f"{value:.2f}" if value < 100 else f"{value:.1f}"


def _said(fact: Fact) -> str:
    return f"cannot be told: {fact.error}" if fact.error is not None else told(fact, fact_kind(fact.name).kind)
