"""Fixtures for several test modules."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from builder.load.shipped import example_site
from tests.unit.ledger_cluster import Cluster

# On a busy machine a drawn example takes long now and then, which says nothing about the code.
settings.register_profile("pacsmith", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pacsmith")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A private PostgreSQL cluster, started when the first test asks for it."""
    private = Cluster()
    yield private
    private.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new ledger shall lie: each test runs on both databases."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/folder/ledger.db"
    private: Cluster = request.getfixturevalue("cluster")
    return private.new_database()


@pytest.fixture
def recorded_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the test stands: the example site, the recorded answer of its archive, and no sheets yet."""
    site, answer = tmp_path / "inventory" / "st-brigid" / "site.yml", tmp_path / "answers" / "archive01.txt"
    for folder in (site.parent, answer.parent, tmp_path / "specs"):
        folder.mkdir(parents=True)
    site.write_text(example_site().read_text(encoding="utf-8"))
    answer.write_text((Path(__file__).parent / "golden" / "survey" / "archive-debian-13.txt").read_text())
    monkeypatch.chdir(tmp_path)
    return tmp_path
