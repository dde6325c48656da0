"""pytest plugin of the child that runs role checks: gives them `variables`, and records what each expects and found."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from builder.probes.observed import sentence


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that names the role's variables."""
    parser.addoption("--pacsmith-variables", help="JSON file with the role's variables")


@pytest.fixture(scope="session")
def variables(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The role's variables, secrets as references."""
    loaded: dict[str, Any] = json.loads(Path(request.config.getoption("--pacsmith-variables")).read_text("utf-8"))
    return loaded


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A check's docstring is what is expected."""
    for item in items:
        text = getattr(getattr(item, "function", None), "__doc__", None) or item.name
        item.user_properties.append(("expected", " ".join(text.split())))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell a check that found something wrong from one that could not be carried out.

    Noted on the item: JUnit XML takes the properties of its last report, not those of the call.
    """
    report = yield
    if call.excinfo is not None:
        wrong = call.excinfo.errisinstance(AssertionError)
        item.user_properties.append(("found", "wrong" if wrong else "fault"))
        item.user_properties.append(("observed", sentence(call.excinfo.value)))
    return report
