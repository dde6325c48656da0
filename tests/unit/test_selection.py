"""Which hosts a person names, and that a slip in a name is told before anything else is asked or begun."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from builder.cli import main
from builder.errors import BadInput
from builder.load.shipped import example_site
from builder.workflows.selection import selected
from tests.unit.site_parts import hospital, host, site_of


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with the example site, whose vault does not exist yet."""
    monkeypatch.chdir(tmp_path)
    site = tmp_path / "inventory/example/site.yml"
    site.parent.mkdir(parents=True)
    site.write_text(example_site().read_text(encoding="utf-8"), encoding="utf-8")


def refused(*words: str) -> str:
    """The sentence with which the command refuses."""
    result = CliRunner().invoke(main.app, list(words))
    assert isinstance(result.exception, BadInput), result.output
    return str(result.exception)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("verb", ["plan", "build", "verify", "survey", "assess", "build --lab nspawn"])
def test_an_unknown_host_is_told_before_the_vault_is_looked_for(verb: str) -> None:
    assert refused(*verb.split(), "--host", "nix") == (
        "--host nix: site st-brigid has no such host; it has archive01, read02, ward01"
    )
    assert refused(*verb.split(), "--class", "archve") == (
        "--class archve: there is no such class; write one of archive, workstation, thin_client"
    )


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("verb", ["plan", "build", "verify"])
def test_a_known_host_leads_to_the_vault_that_is_missing(verb: str) -> None:
    assert "the vault file is missing" in refused(verb, "--host", "archive01")


def test_hosts_and_classes_are_taken_together() -> None:
    site = hospital()
    assert selected(site, None, None) == {"archive01", "read02", "ward01"}
    assert selected(site, ["read02", "ward01"], "thin_client") == {"ward01"}
    with pytest.raises(BadInput, match="there is no host of this class among read02; leave the option out"):
        selected(site, ["read02"], "archive")


def test_a_slip_is_answered_with_the_name_that_was_likely_meant() -> None:
    with pytest.raises(BadInput, match=r"has no such host; did you mean read02\?"):
        selected(hospital(), ["read03"], None)


def test_thousands_of_hosts_are_counted_and_not_listed() -> None:
    site = site_of([host(number) for number in range(30)])
    with pytest.raises(BadInput, match=r"no such host; it has 30 others$"):
        selected(site, ["zzz"], None)
    with pytest.raises(BadInput, match="there is no host of this class in site g-site"):
        selected(site, None, "workstation")


@pytest.mark.parametrize("minutes", ["5000", "1441", "-1"])
def test_a_burn_in_of_days_is_refused_in_words(minutes: str) -> None:
    result = CliRunner().invoke(main.app, ["verify", "--burn-in", minutes])
    assert result.exit_code == 2
    words = " ".join(result.stderr.split())
    assert f"{minutes} minutes are not possible: a burn-in lasts from 1 minute to a day (1440 minutes)" in words
    assert "Input should be" not in words
