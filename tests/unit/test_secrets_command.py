"""`pacsmith secrets`: generate, list, set, certificates; no value ever reaches the terminal."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from builder.cli import secrets as command
from builder.errors import BadInput
from builder.models.secret import SecretReference
from builder.secrets import certificate_for, identity_of, open_store
from tests.unit.site_parts import example, example_data

FOLDER = Path(".pacsmith/st-brigid")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with the example; the vault's encryption is left to tests/unit/test_secrets.py."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("builder.secrets.vault_file.decrypt", lambda content, password: content.decode())
    monkeypatch.setattr("builder.secrets.vault_file.encrypt", lambda text, password: text.encode())
    _site({})
    return tmp_path


def _site(changes: dict[str, Any]) -> None:
    file = Path("inventory/st-brigid/site.yml")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(example_data() | changes, sort_keys=False), encoding="utf-8")


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(command.app, list(arguments), input=stdin)


def _values() -> list[str]:
    store = open_store(example())
    assert store.vault is not None
    return [value.get_secret_value() for value in store.vault.values().values()]


def test_generate_names_what_it_made_and_no_value() -> None:
    made = run("generate")
    assert made.exit_code == 0
    assert "made  site_ca_key\n" in made.output
    assert made.output.endswith(f"8 made; the vault is {FOLDER}/secrets.yml\n")
    assert len(_values()) == 7
    assert run("generate").output == "nothing is missing\n"
    for value in _values():
        assert value not in made.output


def test_list_before_and_after() -> None:
    before = run("list")
    assert before.exit_code == 1
    assert "vault:web_importer" in before.output and "missing" in before.output
    assert before.output.count("pacsmith secrets generate") == 1
    run("generate")
    refused = run("set", "web_importr", stdin="some value\n")
    assert refused.exit_code != 0
    assert "did you mean web_importer?" in str(refused.exception)
    store = open_store(example())
    store.keep(lambda _: {"left_over": "some value"})
    after = run("list")
    assert after.exit_code == 0
    lines = {line.split()[0]: line.split()[1] for line in after.output.splitlines()[1:]}
    assert lines["vault:web_importer"] == "present"
    assert lines["vault:certificate_key_archive01"] == "present"
    assert lines["vault:left_over"] == "unused"
    assert "archive01: archive.users[importer].password" in after.output
    assert "archive01: its certificate" in after.output
    for value in _values():
        assert value not in after.output


def test_list_as_json() -> None:
    run("generate")
    rows = json.loads(run("list", "--json").output)
    assert {row["state"] for row in rows} == {"present"}
    assert {"key": "vault:site_ca_key", "state": "present", "wanted_by": ["ca.key"], "problem": None} in rows


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_a_secret_that_no_longer_opens_is_missing_with_its_remedy(arguments: tuple[str, ...]) -> None:
    run("generate")
    _site({"ledger": {"env": "PACSMITH_TEST_UNSET_LEDGER"}})
    listed = run("list", *arguments)
    assert listed.exit_code == 1
    assert "set PACSMITH_TEST_UNSET_LEDGER" in listed.output


def test_set_reads_standard_input_whole_and_changes_only_that_name() -> None:
    run("generate")
    before = set(_values())
    done = run("set", "web_importer", stdin="two\nlines of it\n")
    assert (done.exit_code, done.output) == (0, "set  web_importer; the next build brings it to the hosts\n")
    now = open_store(example()).value(SecretReference(vault="web_importer"))
    assert now.get_secret_value() == "two\nlines of it"
    assert len(before & set(_values())) == 6


def test_set_random_makes_a_new_value() -> None:
    run("generate")
    before = open_store(example()).value(SecretReference(vault="web_importer")).get_secret_value()
    done = run("set", "web_importer", "--random")
    after = open_store(example()).value(SecretReference(vault="web_importer")).get_secret_value()
    assert after != before
    assert after not in done.output


@pytest.mark.parametrize("value", ["", "\n", "abc\n", "   \n"])
def test_set_refuses_a_value_that_is_too_short(value: str) -> None:
    run("generate")
    refused = run("set", "web_importer", stdin=value)
    assert isinstance(refused.exception, BadInput)
    assert str(refused.exception) == "secret web_importer: a value has at least 4 characters; nothing was changed"


def test_a_typed_value_is_typed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    def typed(answers: list[str]) -> Callable[[str], str]:
        return lambda question: answers.pop(0)

    class Terminal:
        @staticmethod
        def isatty() -> bool:
            return True

    monkeypatch.setattr("builder.cli.secrets.sys.stdin", Terminal)
    monkeypatch.setattr(command, "getpass", typed(["first value", "second value"]))
    with pytest.raises(BadInput, match="the two values differ; nothing was changed, try again"):
        command._value("web_importer")
    monkeypatch.setattr(command, "getpass", typed(["same value", "same value"]))
    assert command._value("web_importer") == "same value"


def test_certificates_are_listed_without_opening_the_vault() -> None:
    listed = run("certificates")
    assert [line.split()[:3] for line in listed.output.splitlines()[1:]] == [
        ["ca", "none", "yet"],
        ["archive01", "none", "yet"],
    ]
    run("generate")
    identity, today = identity_of(example(), example().hosts[0]), datetime.now(UTC).date()
    store = open_store(example())
    certificate_for(example(), store, "archive01", identity.dns, identity.addresses, today)
    (FOLDER / "secrets.yml").unlink()
    ca, leaf = json.loads(run("certificates", "--json").output)
    assert ca["subject"] == "CN=St Brigid Imaging CA,O=St Brigid's General Hospital"
    assert (leaf["subject"], leaf["days_left"]) == ("CN=archive01.imaging.st-brigid.example", 396)
    assert leaf["not_after"] == str(today + timedelta(days=396))
    assert "396" in run("certificates").output


def test_a_signing_request_is_written_for_a_host_of_the_site() -> None:
    run("generate")
    done = run("certificates", "--csr", "archive01")
    assert done.output == (
        f"{FOLDER}/certificates/archive01.csr: have it signed by the hospital's CA and put the answer beside it "
        "as archive01.pem\n"
    )
    assert (FOLDER / "certificates" / "archive01.csr").read_text().startswith("-----BEGIN CERTIFICATE REQUEST-----")
    refused = run("certificates", "--csr", "archive99")
    assert isinstance(refused.exception, BadInput)
    assert "it has no host or peer 'archive99'; name one of the site file" in str(refused.exception)


def test_a_site_without_a_vault_is_said(project: Path) -> None:
    data = example_data()
    del data["vault"]
    Path("inventory/st-brigid/site.yml").write_text(yaml.safe_dump(data, sort_keys=False))
    for arguments in (("generate",), ("set", "web_importer", "--random")):
        refused = run(*arguments)
        assert isinstance(refused.exception, BadInput)
        assert "it has no vault to keep" in str(refused.exception)
