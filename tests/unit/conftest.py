"""Fixtures for several test modules."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.ledger_cluster import Cluster


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
