"""What the checks of this role are given."""

import json
from pathlib import Path

import pytest
from testinfra.host import Host

from .reading import Reading, read


@pytest.fixture(scope="module")
def seen(host: Host) -> Reading:
    """The host's answers to all questions; asked once, though several files of checks speak of them."""
    return read(host)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Nothing is asked of a web viewer where the site wants none."""
    variables = json.loads(Path(config.getoption("--pacsmith-variables")).read_text("utf-8"))
    if not variables.get("viewer"):
        items[:] = [item for item in items if item.path.name != "test_viewer.py"]
