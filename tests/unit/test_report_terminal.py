"""The tables for a terminal: a verdict is read without colour, and what a machine says is no markup."""

from rich.console import Console

from builder.models.evidence import Verdict
from builder.report import dossier_html
from builder.report.terminal import evidence_table
from tests.unit.test_report import dossier, proof


def _shown(table: object, colour: bool = False) -> str:
    console = Console(
        width=160, force_terminal=colour, no_color=not colour, color_system="truecolor" if colour else None
    )
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def test_a_verdict_is_a_shape_and_a_word_without_any_colour() -> None:
    verdicts: list[Verdict] = ["met", "short", "unknown", "waived", "not applicable"]
    shown = _shown(evidence_table([proof(f"s{number}", verdict) for number, verdict in enumerate(verdicts)]))
    assert [line.split("  ")[0] for line in shown.splitlines()[1:]] == [
        "✓ met",
        "✗ short",
        "? unknown",
        "≈ waived",
        "\N{EN DASH} not applicable",
    ]
    assert "\x1b" not in shown


def test_what_a_machine_says_is_no_markup() -> None:
    shown = _shown(evidence_table([proof("[bold]x[/bold]", observed="[/] [link=http://x]y")]))
    assert "[bold]x[/bold]" in shown and "[/] [link=http://x]y" in shown


def test_met_below_what_is_recommended_says_which_level_is_met() -> None:
    item = proof("ram", "met").model_copy(update={"qualified": "minimum; recommended >= 16 GiB is not reached"})
    assert "✓ met (minimum; recommended >= 16 GiB is not reached)" in _shown(evidence_table([item]))


def test_the_dossier_says_so_too() -> None:
    item = proof("ram", "met").model_copy(update={"qualified": "minimum; recommended >= 16 GiB is not reached"})
    page = dossier_html(dossier("accepted", item))
    assert "<small>minimum; recommended &gt;= 16 GiB is not reached</small>" in page
    assert "is not reached" not in dossier_html(dossier("accepted", proof("ram", "met")))
