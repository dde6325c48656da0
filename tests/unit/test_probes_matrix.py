"""The questions that a site's routes raise: every grant once, and the refusal of everything else."""

import os
from pathlib import Path
from typing import Any

from builder.load import load_site
from builder.models.site import DICOM_OPERATIONS, Site
from builder.probes.asks import ASKS
from builder.probes.matrix import questions
from builder.probes.question import Question
from tests.unit.site_parts import example, example_data

GOLDEN = Path(__file__).parent / "golden" / "verify" / "questions_of_the_example.txt"
SITES = Path(__file__).parents[1] / "lab" / "sites"


def line(question: Question) -> str:
    told = f"{question.phase:6} {question.subject}: {question.expected}"
    return told + (f" [{question.attest}]" if question.attest else "")


def test_all_questions_of_the_example() -> None:
    """`PACSMITH_REWRITE_GOLDEN=1 pytest` rewrites the file; read the difference before you commit it."""
    text = "".join(line(question) + "\n" for question in questions(example()))
    if os.environ.get("PACSMITH_REWRITE_GOLDEN"):
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def every_site() -> list[Site]:
    sites = [load_site(file).value for file in sorted(SITES.glob("*.yml"))]
    assert len(sites) >= 2
    return [example(), *sites]


def test_each_question_has_a_probe_and_a_subject_of_its_own() -> None:
    for site in every_site():
        asked = questions(site)
        assert len({question.subject for question in asked}) == len(asked)
        assert {question.ask for question in asked} <= set(ASKS)


def test_every_grant_is_asked_and_every_other_operation_refused() -> None:
    for site in every_site():
        subjects = {question.subject for question in questions(site)}
        for route in site.routes:
            for operation in route.may:
                assert f"{route.from_} -> {route.to}: {operation}" in subjects
        archives = {host.name for host in site.hosts if host.archive is not None}
        for route in (route for route in site.routes if route.to in archives):
            granted = {word for other in site.routes if (other.from_, other.to) == (route.from_, route.to)
                       for word in other.may}  # fmt: skip
            refused = {word for word in DICOM_OPERATIONS
                       if f"{route.from_} -> {route.to}: {word} refused" in subjects}  # fmt: skip
            closed = any(subject.startswith(f"{route.from_} -> {route.to}: AE port") for subject in subjects)
            no_dicom = not granted & set(DICOM_OPERATIONS)
            assert (refused, closed) == (set() if no_dicom else set(DICOM_OPERATIONS) - granted, no_dicom)


def test_a_web_viewer_is_asked_for_where_a_web_route_leads_and_refused_elsewhere() -> None:
    data = example_data()
    before = {question.subject for question in questions(Site.model_validate(data))}
    data["hosts"][0]["archive"]["viewer"] = {"product": "ohif", "version": "3.12.10"}
    after = {question.subject: question for question in questions(Site.model_validate(data))}
    assert set(after) - before == {"read01 -> archive01: web viewer", "controller -> archive01: web viewer refused"}
    assert "ct01 -> archive01: web port 443 closed" in before
    assert {question.ask for question in after.values()} <= set(ASKS)


def test_a_peer_without_stand_in_must_be_attested() -> None:
    data = example_data()
    data["peers"][0]["stand_in"] = False
    asked = {question.subject: question for question in questions(Site.model_validate(data))}
    for operation in ("echo", "store", "worklist", "commit"):
        question = asked[f"ct01 -> archive01: {operation}"]
        assert question.ask == "attest"
        assert question.attest == "Maeve Kilbride (PACS administrator), at ct01 (Radiology, CT room 1)"
    assert asked["archive01 -> ct01: commit"].ask == "attest"
    assert "ct01 -> archive01: find refused" not in asked
    assert asked["archive01: AE registry, ct01"].ask == "registry"


def test_a_peer_without_any_route_finds_both_ports_closed() -> None:
    data = example_data()
    data["peers"].append(data["peers"][1] | {"name": "guest", "address": "10.78.0.41", "ae": None})
    subjects = {question.subject for question in questions(Site.model_validate(data))}
    assert {"guest -> archive01: AE port 104 closed", "guest -> archive01: web port 443 closed"} <= subjects


def test_dicom_tls_brings_its_own_refusals() -> None:
    data = example_data()
    data["hosts"][0]["ae"]["tls"] = True
    subjects = {question.subject for question in questions(Site.model_validate(data))}
    assert {
        "ct01 -> archive01: plain DICOM refused",
        "ct01 -> archive01: DICOM TLS without a certificate refused",
        "ct01 -> archive01: DICOM TLS with a self-signed certificate refused",
    } <= subjects
    assert not any("TLS" in question.subject for question in questions(example()))


def test_a_selection_asks_about_the_selected_hosts_alone() -> None:
    data = example_data()
    second: dict[str, Any] = data["hosts"][0] | {
        "name": "archive02", "address": "10.78.0.12", "ae": {"title": "BRIGID_ARC2", "port": 104},
    }  # fmt: skip
    data["hosts"].append(second)
    data["routes"].append({"from": "ct01", "to": "archive02", "may": ["echo", "store"]})
    site = Site.model_validate(data)
    chosen = questions(site, frozenset({"archive02"}))
    assert {question.about or question.target for question in chosen} == {"archive02"}
    assert "ct01 -> archive02: store" in {question.subject for question in chosen}


def test_what_no_probe_asks_is_said_as_it_is() -> None:
    """A stand-in plays no archive: the reason must be the true one."""
    data = example_data()
    data["routes"].append({"from": "archive01", "to": "read01", "may": ["find"]})
    asked = {question.subject: question for question in questions(Site.model_validate(data))}
    theirs = asked["archive01 -> read01: find"]
    assert theirs.ask == "attest"
    assert theirs.detail == "no probe makes archive01 ask read01 for find"
    assert theirs.attest
    assert asked["archive01 -> read01: store"].ask == "send-store"


def test_the_order_does_not_depend_on_the_file() -> None:
    data = example_data()
    data["peers"].reverse()
    data["routes"].reverse()
    turned = questions(Site.model_validate(data))
    assert {question.subject for question in turned} == {question.subject for question in questions(example())}
