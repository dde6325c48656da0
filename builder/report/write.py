"""Write a dossier's files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from builder.durable import write_whole
from builder.errors import BadInput
from builder.models.dossier import Dossier
from builder.report.formats import dossier_json, junit_xml
from builder.report.page import dossier_html
from builder.report.pdf import to_pdf

Format = Literal["html", "json", "junit", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)
_MODE = 0o640


def formats_of(text: str) -> tuple[Format, ...]:
    """`html,pdf` -> the formats. Raises BadInput for a word that is none."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    known = tuple(one for one in FORMATS if one in words)
    if not words or len(known) < len(set(words)):
        raise BadInput(f"--format {text}: write one or more of {', '.join(FORMATS)}, with commas between them")
    return known


def write_dossier(
    dossier: Dossier,
    folder: Path,
    formats: Sequence[Format] = FORMATS,
    pictures: Mapping[str, bytes] = MappingProxyType({}),
) -> dict[Format, Path]:
    """Write dossier.html, dossier.json, junit.xml and dossier.pdf below `folder`; each file whole or not at all.

    `pictures`: screenshots of the evidence as PNG, by SHA-256; they go into the page itself.

    The PDF comes last: where Chromium is missing (PacsmithError), the others are there. Raises BadInput when the
    folder cannot be written.
    """
    written: dict[Format, Path] = {}
    html = folder / "dossier.html"
    texts = {
        "html": lambda: dossier_html(dossier, pictures),
        "json": lambda: dossier_json(dossier),
        "junit": lambda: junit_xml([proof.evidence for proof in dossier.proofs]),
    }
    files = {"html": html, "json": folder / "dossier.json", "junit": folder / "junit.xml"}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in FORMATS:
            if one in texts and (one in formats or (one == "html" and "pdf" in formats)):
                write_whole(files[one], texts[one]().encode(), _MODE)
                written[one] = files[one]
    except OSError as fault:
        raise BadInput(f"{folder}: cannot be written ({fault.strerror}); choose another folder with --out") from None
    if "pdf" in formats:
        written["pdf"] = folder / "dossier.pdf"
        to_pdf(html, written["pdf"], _MODE)
    return written
