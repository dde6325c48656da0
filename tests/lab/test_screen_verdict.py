"""What a screen shows decides over acceptance: one fault, and `pacsmith verify` fails and says it."""

import json
from collections.abc import Iterator

import pytest

from tests.lab.conftest import BuiltSite
from tests.lab.kiosk_ward import SETTINGS, Ward, open_ward


@pytest.fixture(scope="module")
def ward(stations: BuiltSite) -> Iterator[Ward]:
    with open_ward(stations) as opened:
        yield opened


def test_a_tour_over_the_image_fails_the_thin_client_and_says_so(stations: BuiltSite, ward: Ward) -> None:
    settings = ward.archive_says(f"cat {SETTINGS}/app-config.js")
    assert "shownTours" in settings
    with ward.changed(f"{SETTINGS}/app-config.js", settings.replace("shownTours", "seenTours").encode()):
        done = stations.pacsmith("verify", "--site", stations.name, "--host", "bedside", "--json")
    assert done.returncode == 1, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["outcome"] == "failed"
    greys = [one for one in said["evidence"] if one["subject"].startswith("bedside: greys of")]
    assert {one["verdict"] for one in greys} == {"short"}
    assert all("as a tour or a dialog would: close it" in one["observed"] for one in greys)
    assert all(one["screen"]["steps"] for one in greys), "the table stands beside the picture all the same"
