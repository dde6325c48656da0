"""The end of a certificate of the hospital's own CA reaches a person: as a note, and as evidence."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from builder.cli.notes import tell_ends
from builder.secrets import generate_missing
from builder.workflows.handed_in import certificates_proven
from tests.unit.test_certificates import FOLDER, Hospital, _hand_in, _request, external, hospital, project, site

__all__ = ["hospital", "project"]

END = date(2027, 11, 1)
ASK = f"have {FOLDER}/arc1.csr signed again"


def session(of: Any, today: date) -> Any:
    """As much of a session as is asked: a mock, since a whole one reads files of a project."""
    machine = SimpleNamespace(host=SimpleNamespace(name="arc1"))
    return SimpleNamespace(site=of, machines=(machine,), today=today, run=SimpleNamespace(id="r1"))


@pytest.mark.parametrize(
    ("left", "verdict", "said"),
    [
        (31, "met", "31 days are left"),
        (29, "met", f"{FOLDER}/arc1.pem: 29 days are left; {ASK}"),
        (-1, "short", f"{FOLDER}/arc1.pem: it expired on 2027-11-01; {ASK}"),
    ],
)
def test_what_a_person_is_told(
    left: int, verdict: str, said: str, hospital: Hospital, capsys: pytest.CaptureFixture[str]
) -> None:
    generate_missing(external())
    _hand_in(hospital.sign(_request()), hospital.between)
    one = session(external(), END - timedelta(days=left))
    (item,) = certificates_proven(one)
    assert (item.verdict, item.observed, item.attest) == (verdict, said, None)
    tell_ends(one)
    assert capsys.readouterr().err == (f"note: {said}\n" if left < 30 else "")


def test_without_a_certificate_nothing_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    (item,) = certificates_proven(session(external(), END))
    assert item.verdict == "unknown"
    tell_ends(session(external(), END))
    assert "there is no certificate that can be read" in capsys.readouterr().err


def test_the_site_ca_of_pacsmith_renews_by_itself() -> None:
    assert list(certificates_proven(session(site(), END))) == []
