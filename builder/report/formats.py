"""The dossier as JSON, and evidence as JUnit XML. Pure."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC
from xml.etree import ElementTree as Xml

from builder.models.dossier import Dossier
from builder.models.evidence import Evidence

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2


def dossier_json(dossier: Dossier) -> str:
    """The whole dossier, keys sorted, ending in a newline; `Dossier.model_validate_json` reads it back."""
    return json.dumps(dossier.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def junit_xml(evidence: Sequence[Evidence]) -> str:
    """One test suite a host and kind, one test case a piece of evidence.

    `short` is a failure; `unknown` an error, or skipped where a person must attest it; `waived` and `not applicable`
    are skipped, with the word in the message. Its form is the strictest in use, Ant's: what that schema admits, the
    others (Jenkins, GitLab) read too.
    """
    suites: dict[tuple[str, str], list[Evidence]] = {}
    for item in evidence:
        suites.setdefault((item.host, item.kind), []).append(item)
    root = Xml.Element("testsuites")
    for number, ((host, kind), items) in enumerate(sorted(suites.items())):
        began = min(item.at for item in items).astimezone(UTC)
        named = {"name": _text(f"{host} {kind}"), "package": "pacsmith", "id": str(number), "hostname": _text(host)}
        when = {"timestamp": f"{began:%Y-%m-%dT%H:%M:%S}"}
        suite = Xml.SubElement(root, "testsuite", {**named, **_totals(items), **when})
        Xml.SubElement(suite, "properties")
        suite.extend(map(_case, items))
        Xml.SubElement(suite, "system-out")
        Xml.SubElement(suite, "system-err")
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _case(item: Evidence) -> Xml.Element:
    case = Xml.Element(
        "testcase",
        {"classname": _text(f"pacsmith.{item.host}.{item.kind}"), "name": _text(item.subject),
         "time": f"{item.seconds or 0.0:.3f}"},
    )  # fmt: skip
    message = _text(f"expected {item.expected}; observed {item.observed}")
    if item.verdict == "short":
        Xml.SubElement(case, "failure", {"type": "short", "message": message}).text = _text(_place(item))
    elif _skipped(item):
        why = f"{item.attest} must attest it" if item.verdict == "unknown" else item.verdict
        Xml.SubElement(case, "skipped", {"message": _text(f"{why}: {message}")})
    elif item.verdict == "unknown":
        Xml.SubElement(case, "error", {"type": "unknown", "message": message}).text = _text(_place(item))
    return case


def _place(item: Evidence) -> str:
    return "\n".join(
        filter(None, (item.source, f"probe: {item.probe}", item.raw_sha256 and f"sha256: {item.raw_sha256}"))
    )


def _skipped(item: Evidence) -> bool:
    return item.verdict in ("waived", "not applicable") or (item.verdict == "unknown" and item.attest is not None)


def _totals(items: Iterable[Evidence]) -> dict[str, str]:
    every = list(items)
    return {
        "tests": str(len(every)),
        "failures": str(sum(item.verdict == "short" for item in every)),
        "errors": str(sum(item.verdict == "unknown" and not _skipped(item) for item in every)),
        "skipped": str(sum(map(_skipped, every))),
        "time": f"{sum(item.seconds or 0.0 for item in every):.3f}",
    }


def _text(value: str) -> str:
    """Without the characters that XML cannot carry."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value)
