"""The page: well-formed, complete in itself, safe with any name, and printable."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from builder.errors import PacsmithError
from builder.models.dossier import Dossier
from builder.models.upgrade import Account, Change, Kept, NewErrors, OutageSeen
from builder.report import cleaned, dossier_html, to_pdf
from builder.report.pdf import pdf_argv
from builder.report.templating import css_string
from tests.unit.report_sample import sample_dossier, sample_evidence
from tests.unit.report_sample_data import ATTACK

_VOID = {"meta", "br", "path", "rect"}


class Outline(HTMLParser):
    """Tags that balance, ids, and everything that points somewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.outside: list[tuple[str, str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in _VOID:
            self.open.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), f"a handler on {tag}"
            if name == "id":
                self.ids.append(value or "")
            elif name == "href":
                self.links.append(value or "")
            elif name in ("src", "srcset", "action", "data", "xlink:href", "background", "poster"):
                self.outside.append((tag, value or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def outline(dossier: Dossier) -> Outline:
    parsed = Outline()
    parsed.feed(dossier_html(dossier))
    parsed.close()
    return parsed


def test_the_page_is_well_formed_and_every_reference_leads_somewhere() -> None:
    page = outline(sample_dossier())
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert page.links and all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links} <= set(page.ids)


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    page = outline(sample_dossier())
    assert page.outside == []
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    text = dossier_html(sample_dossier())
    addresses = set(re.findall(r"[a-z]+://[^\s\"'<>)]+", text))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\((?!#)", text)


def test_every_piece_of_evidence_is_on_the_page_with_its_verdict() -> None:
    dossier = sample_dossier()
    page = outline(dossier)
    words = " ".join(page.text)
    for proof in dossier.proofs:
        assert f"e{proof.number}" in page.ids
        assert proof.evidence.observed in words
    for word in ("✓ met", "✗ short", "? unknown", "≈ waived", "\N{EN DASH} not applicable"):
        assert word in words
    assert "Not accepted: the run failed; 2 short, 4 unknown, 1 waived, 42 met, 1 not applicable." in words


def test_no_name_breaks_out_of_its_place() -> None:
    """Every text of the dossier is an attack: attributes, SVG, style sheet and paragraphs alike."""
    hostile = cleaned(sample_dossier(), _hostile)
    page = outline(hostile)
    assert page.open == []
    assert "script" not in page.tags
    text = dossier_html(hostile)
    assert text.count("</style>") == 1
    assert text.lower().count("<script") == 0
    sheet = text[text.index("<style>") : text.index("</style>")]
    assert "alert('" not in sheet
    assert "body { display: none }" not in sheet


def _hostile(text: str) -> str:
    """Free text becomes the attack; words that a model checks stay what they are."""
    return f"{text} {ATTACK}" if " " in text and not re.fullmatch(r"not applicable", text) else text


@pytest.mark.parametrize("text", ["a", 'x"; } body {', "</style>", "line\nbreak", "\\", "ü €"])
def test_a_css_string_holds_whatever_it_is_given(text: str) -> None:
    quoted = str(css_string(text))
    assert re.fullmatch(r'"([A-Za-z0-9 ]|\\[0-9a-f]+ )*"', quoted)
    back = re.sub(r"\\([0-9a-f]+) ", lambda found: chr(int(found[1], 16)), quoted[1:-1])
    assert back == text


def test_an_empty_dossier_is_a_page_too() -> None:
    bare = sample_dossier("interrupted", evidence=()).model_copy(
        update={"work": (), "facts": (), "certificates": (), "history": ()}
    )
    words = " ".join(outline(bare).text)
    for sentence in ("No machine has been read yet.", "No requirement was assessed in this run.", "Nothing is open.",
                     "This run changed nothing; it only looked.", "No certificate is on record."):  # fmt: skip
        assert sentence in words


def test_a_time_zone_that_the_machine_does_not_know_becomes_utc_and_says_so() -> None:
    words = " ".join(outline(sample_dossier().model_copy(update={"time_zone": "Mars/Olympus"})).text)
    assert "All times are of UTC." in words


# paper


def test_without_chromium_the_sentence_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PacsmithError) as caught:
        to_pdf(tmp_path / "x.html", tmp_path / "x.pdf")
    assert str(caught.value) == (
        "the PDF needs Chromium, and there is none here; install it with: apt-get install chromium, "
        "or leave the format out with: --format html,json"
    )


def test_a_chromium_that_fails_leaves_the_old_file_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\necho 'no display of any kind' >&2\nexit 7\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "x.pdf").write_text("yesterday's", encoding="utf-8")
    with pytest.raises(PacsmithError, match=r"x\.pdf: .*chromium printed nothing \(exit 7: no display of any kind\)"):
        to_pdf(tmp_path / "x.html", tmp_path / "x.pdf")
    assert (tmp_path / "x.pdf").read_text(encoding="utf-8") == "yesterday's"


def test_the_sandbox_is_left_only_as_root() -> None:
    for root in (True, False):
        argv = pdf_argv("chromium", Path("/a b/x.html"), Path("/x.pdf"), "/profile", root=root)
        assert ("--no-sandbox" in argv) is root
        assert argv[-1] == "file:///a%20b/x.html"


def test_the_printed_dossier_has_everything_on_numbered_pages(tmp_path: Path) -> None:
    assert shutil.which("pdftotext"), "install poppler-utils: apt-get install poppler-utils"
    html, pdf = tmp_path / "dossier.html", tmp_path / "dossier.pdf"
    html.write_text(dossier_html(sample_dossier()), encoding="utf-8")
    to_pdf(html, pdf)
    assert pdf.stat().st_mode & 0o777 == 0o640  # as the page and the other files
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True).stdout
    pages = text.rstrip("\f").split("\f")
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
    assert "Signature" in pages[0] and "Medical physics expert" in pages[0]
    for number in range(1, len(sample_evidence()) + 1):
        assert re.search(rf"\bE{number}\b", text), f"E{number} is missing on paper"
    assert "Try a restore" in text, "steps are folded away on paper"
    repeated = [page for page in pages if "Route and source" in page]
    assert len(repeated) > 1, "the table's head does not repeat on its next page"


def test_the_account_of_an_upgrade_is_on_the_page() -> None:
    account = Account(
        host="archive01", change_set="3f9a01c2" * 8, outcome="back on what it was", why="nginx does not run",
        changes=(Change(part="release", name="debian", was="12", to="13"),),
        kept_before=Kept(instances=2000, studies=100, size=18_000_000, sha256="9488ef18fc1c8249" * 4),
        outage=OutageSeen(seconds=37.6, seen_by="ct01", how="one C-STORE a second"),
        acts=(("Exchange the systems, and boot", 11.1),), settings=95,
        errors=NewErrors(kinds=("orthanc: E# #:#:#.# MAIN x.cpp:#] Cannot open <the plugin>",)),
    )  # fmt: skip
    page = dossier_html(sample_dossier().model_copy(update={"upgrade": account}))
    told = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "The upgrade of archive01" in told
    assert "debian 12 12 13 was wanted" in told
    assert "2000 of 100 studies, 18.0 MB" in told
    assert "37.6 s on end, as ct01 saw it (one C-STORE a second)" in told
    assert "back on what it was: nginx does not run" in told
    assert "Exchange the systems, and boot 11.1" in told
    assert "its logs tell of 1 kinds of error" not in told
    assert "its logs tell of one kind of error that they did not tell of before" in told
    assert "Cannot open &lt;the plugin&gt;" in told
