"""Ways between two archives of ours: every grant is carried out, and everything else is refused."""

import json
from typing import Any

import pytest

from builder.models.site import DICOM_OPERATIONS, Site
from builder.probes.asks import ASKS
from builder.probes.between_outcome import orthanc_outcome
from builder.probes.matrix import questions
from builder.probes.question import Question
from tests.unit.site_parts import example_data

ALL_BUT_GET = ["echo", "store", "find", "move", "commit", "qido", "wado"]


def two_archives(*routes: tuple[str, str, list[str]], **second: Any) -> Site:
    data = example_data()
    entity = {"title": "BRIGID_ARC2", "port": 2762, "tls": True}
    data["hosts"].append(data["hosts"][0] | {"name": "archive02", "address": "10.78.0.12", "ae": entity} | second)
    data["routes"] += [{"from": source, "to": target, "may": may} for source, target, may in routes]
    return Site.model_validate(data)


def asked(site: Site, *hosts: str) -> dict[str, Question]:
    """By what is asked, of all ways between the two archives."""
    chosen = frozenset(hosts) if hosts else None
    ends = {"archive01", "archive02"}
    return {question.subject: question for question in questions(site, chosen)
            if {question.origin, question.target} == ends and question.kind == "route"}  # fmt: skip


def test_every_grant_is_carried_out_by_the_archive_itself_and_the_rest_is_refused() -> None:
    site = two_archives(("archive01", "archive02", ALL_BUT_GET), ("archive02", "archive01", ["store", "commit"]))
    found = {subject: question.ask for subject, question in asked(site).items()}
    there, back = "archive01 -> archive02: ", "archive02 -> archive01: "
    assert found == {
        **{f"{there}{may}": f"between-{may}" for may in ("echo", "store", "find", "move", "commit")},
        **{f"{there}{no} refused": f"between-refuse-{no}" for no in ("get", "worklist")},
        f"{there}qido": "qido", f"{there}wado": "wado", f"{there}stow refused": "refuse-web",
        **{f"{back}{may}": f"between-{may}" for may in ("store", "commit")},
        **{f"{back}{no} refused": f"between-refuse-{no}" for no in ("echo", "find", "move", "get", "worklist")},
        f"{back}web port 443 closed": "closed",
    }  # fmt: skip
    assert set(found.values()) <= set(ASKS)
    assert {question.attest for question in asked(site).values()} == {None}
    assert {f"between-refuse-{operation}" for operation in DICOM_OPERATIONS} <= set(ASKS)


def test_a_way_back_that_nobody_grants_is_closed() -> None:
    site = two_archives(("archive01", "archive02", ["store"]))
    back = {subject for subject in asked(site) if subject.startswith("archive02")}
    assert back == {"archive02 -> archive01: AE port 104 closed", "archive02 -> archive01: web port 443 closed"}


def test_archives_that_no_route_joins_find_each_other_closed() -> None:
    assert {question.ask for question in asked(two_archives()).values()} == {"closed"}
    assert len(asked(two_archives())) == 4
    assert asked(two_archives(), "archive01") == {}, "an archive that is not ours to ask now speaks for nobody"


def test_of_many_archives_without_routes_one_speaks_for_all() -> None:
    data = example_data()
    for number in range(2, 8):
        entity = {"title": f"ARC{number}", "port": 104}
        data["hosts"].append(
            data["hosts"][0] | {"name": f"archive0{number}", "address": f"10.78.0.1{number}", "ae": entity}
        )
    closed = [question for question in questions(Site.model_validate(data))
              if question.ask == "closed" and question.origin.startswith("archive")]  # fmt: skip
    assert len(closed) == 7 * 2


def test_the_other_end_of_a_selection_is_asked_and_may_be_away() -> None:
    """Verified alone, an archive is not short because another one is not built yet: a person attests until it is."""
    site = two_archives(("archive01", "archive02", ["store", "commit"]), ("archive02", "archive01", ["commit"]))
    for chosen, other in (("archive01", "archive02"), ("archive02", "archive01")):
        found = asked(site, chosen)
        assert set(found) == set(asked(site))
        assert {question.about for question in found.values()} == {chosen}
        assert all(f"at {other} (" in str(question.attest) for question in found.values())


def test_an_orthanc_that_cannot_ask_for_c_get_leaves_it_to_a_person() -> None:
    old = {"os": "debian-12", "product": {"id": "orthanc", "version": "1.10.1"}}
    site = two_archives(("archive02", "archive01", ["get"]), ("archive01", "archive02", ["store"]), **old)
    found = asked(site)
    assert found["archive02 -> archive01: get"].ask == "attest"
    assert found["archive02 -> archive01: get"].detail == "Orthanc 1.10.1 on archive02 cannot ask for C-GET"
    assert found["archive02 -> archive01: get"].attest
    assert found["archive01 -> archive02: get refused"].ask == "between-refuse-get"


def test_an_archive_sends_nothing_where_no_route_leads() -> None:
    data = example_data()
    data["routes"] = [{"from": "ct01", "to": "archive01", "may": ["store"]},
                      {"from": "read01", "to": "archive01", "may": ["qido"]}]  # fmt: skip
    found = {question.subject: question.ask for question in questions(Site.model_validate(data))}
    assert found["archive01 -> ct01: store refused"] == "send-refused"
    assert "archive01 -> read01: store refused" not in found, "no AE of it is in the registry"


@pytest.mark.parametrize(
    ("details", "kind"),
    [  # what Orthanc 1.12.7 says, heard on a living host
        ('DicomAssociation - C-ECHO to AET "BETA": Peer aborted Association (or never connected)', "aborted"),
        ('DicomAssociation - C-STORE to AET "BETA": Peer aborted Association (or never connected)', "aborted"),
        ("Storage commitment - Unable to read N-ACTION response from AET: BETA", "aborted"),
        ('DicomAssociation - connecting to AET "BETA": DUL Association Rejected', "rejected"),
        ('DicomAssociation - connecting to AET "BETA": TCP Initialization Error: Connection refused', "closed"),
        ('DicomAssociation - connecting to AET "BETA": Peer aborted Association (or never connected)', "ended"),
        ('C-MOVE SCU to AET "BETA" has failed with DIMSE status 0xC000 (unable to process - resource not found ?)',
         "status"),
        ("DICOM TLS - No path to the private key of the local certificate was provided", "broken"),
    ],
)  # fmt: skip
def test_orthancs_words(details: str, kind: str) -> None:
    said = json.dumps({"Details": details, "HttpStatus": 500, "Message": "Error in the network protocol"}).encode()
    assert orthanc_outcome(500, said).kind == kind


def test_orthancs_success_and_its_silence() -> None:
    assert orthanc_outcome(200, b"{}").kind == "success"
    assert orthanc_outcome(404, b"").kind == orthanc_outcome(502, b"<html>").kind == "broken"
