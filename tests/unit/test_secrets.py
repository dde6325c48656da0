"""Secrets by reference: where they are read, what is refused and with which sentence, what is kept and how."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from builder.errors import BadInput
from builder.models.secret import SecretReference
from builder.models.site import Site
from builder.secrets import generate_missing, open_store
from builder.secrets.vault_command import decrypt
from builder.secrets.vault_text import HEAD, parse, with_values
from builder.workflows.session import ledger_of
from tests.unit.site_parts import example, host, peer, site_of

VAULT = Path(".pacsmith/g-site/secrets.yml")
PASSWORD = Path(".pacsmith/g-site/vault-password")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def site(**changes: Any) -> Site:
    return site_of([host(1)], **changes)


def vault(name: str) -> SecretReference:
    return SecretReference(vault=name)


def refusal(reference: SecretReference, of: Site | None = None, ask: Callable[[str], str] | None = None) -> str:
    with pytest.raises(BadInput) as fault:
        open_store(of or site(), ask=ask).value(reference)
    return str(fault.value)


def write_vault(text: str, password: str = "vault-pass-123") -> None:
    VAULT.parent.mkdir(parents=True, exist_ok=True)
    PASSWORD.write_text(password + "\n")
    PASSWORD.chmod(0o600)
    ansible_vault("encrypt", "--output", str(VAULT), stdin=text)


def decrypts_to(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A vault whose plain text is `text`, without the half second that the real command takes."""
    VAULT.parent.mkdir(parents=True)
    PASSWORD.write_text("vault-pass-123\n")
    PASSWORD.chmod(0o600)
    VAULT.write_text("$ANSIBLE_VAULT")
    monkeypatch.setattr("builder.secrets.vault_file.decrypt", lambda content, password: text)


def ansible_vault(*arguments: str, stdin: str = "") -> str:
    argv = [str(Path(sys.executable).parent / "ansible-vault"), *arguments, "--vault-password-file", str(PASSWORD)]
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, check=True).stdout


# -- generate


def test_a_new_site_gets_its_password_file_and_every_secret() -> None:
    made = generate_missing(site())
    assert made == ("vault password", "certificate_key_arc1", "shared", "site_ca_key")
    store = open_store(site())
    assert len(store.value(vault("shared")).get_secret_value()) >= 32
    key = load_pem_private_key(store.value(vault("site_ca_key")).get_secret_value().encode(), None)
    assert key.key_size == 384  # type: ignore[union-attr]


def test_files_are_the_owners_alone_and_the_vault_is_encrypted() -> None:
    generate_missing(site())
    for path in (VAULT, PASSWORD):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(VAULT.parent.stat().st_mode) == 0o700
    content = VAULT.read_bytes()
    assert content.startswith(b"$ANSIBLE_VAULT;1.1;AES256\n")
    secret = open_store(site()).value(vault("shared")).get_secret_value()
    for path in Path.cwd().rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
            assert b"PRIVATE KEY" not in path.read_bytes(), path


def test_ansible_vault_itself_reads_what_we_wrote() -> None:
    generate_missing(site())
    assert set(parse(ansible_vault("view", str(VAULT)))) == {"certificate_key_arc1", "shared", "site_ca_key"}


def test_a_second_time_nothing_changes_and_existing_values_stay() -> None:
    write_vault("# by hand\nshared: 0123\n")
    assert generate_missing(site()) == ("certificate_key_arc1", "site_ca_key")
    before = VAULT.read_bytes()
    assert generate_missing(site()) == ()
    assert VAULT.read_bytes() == before
    assert open_store(site()).value(vault("shared")).get_secret_value() == "0123"
    assert ansible_vault("view", str(VAULT)).startswith("# by hand\nshared: 0123\n")


def test_no_new_password_is_made_for_a_vault_that_is_there() -> None:
    generate_missing(site())
    PASSWORD.unlink()
    with pytest.raises(BadInput, match=r"vault-password: the password of .*secrets\.yml is missing; restore it"):
        generate_missing(site())
    assert not PASSWORD.exists()


def test_a_site_that_was_built_gets_no_second_vault_in_silence() -> None:
    generate_missing(site())
    authority = VAULT.parent / "certificates" / "ca.pem"
    authority.parent.mkdir(parents=True, exist_ok=True)
    authority.write_text("-----BEGIN")
    VAULT.unlink()
    with pytest.raises(BadInput, match="the vault is gone, but the site was built with it"):
        generate_missing(site())
    assert not VAULT.exists()
    authority.unlink()
    assert "site_ca_key" in generate_missing(site())


def test_the_ledgers_address_is_not_made_up() -> None:
    made = generate_missing(site(ledger={"vault": "ledger_url"}))
    assert "ledger_url" not in made
    assert "not in .pacsmith/g-site/secrets.yml" in refusal(vault("ledger_url"))


def test_stand_ins_get_a_key_where_the_site_speaks_tls() -> None:
    peers = [peer("ct1", "10.9.1.1", stand_in=True), peer("ct2", "10.9.1.2")]
    tls = host(1, ae={"title": "ARC1", "port": 2762, "tls": True})
    assert "certificate_key_ct1" not in generate_missing(site_of([host(1)], peers=peers))
    made = generate_missing(site_of([tls], peers=peers))
    assert made == ("certificate_key_ct1",)


def test_a_site_without_a_vault_needs_nothing_made() -> None:
    assert generate_missing(site(vault=None)) == ()


def test_the_example_can_be_generated_whole() -> None:
    made = generate_missing(example())
    assert {"archive_database", "backup_archive", "site_ca_key", "web_importer", "certificate_key_archive01"} <= set(
        made
    )


# -- refusals, each one sentence with its remedy


def test_a_name_that_is_not_in_the_vault() -> None:
    write_vault("other: value-1\n")
    assert refusal(vault("shared")) == (
        "secret vault:shared: not in .pacsmith/g-site/secrets.yml; run `pacsmith secrets set shared`, "
        "or `pacsmith secrets generate` for a random one"
    )


def test_a_wrong_password() -> None:
    write_vault("shared: value-1\n")
    PASSWORD.write_text("another one\n")
    assert refusal(vault("shared")) == (
        ".pacsmith/g-site/secrets.yml: the vault password is wrong or the file is damaged; "
        "give the password it was made with"
    )


def test_a_file_that_is_no_vault_is_not_quoted() -> None:
    write_vault("x: y")
    VAULT.write_text("shared: in the clear\n")
    said = refusal(vault("shared"))
    assert said == (
        ".pacsmith/g-site/secrets.yml: this is no Ansible vault; "
        "encrypt it with `ansible-vault encrypt .pacsmith/g-site/secrets.yml`"
    )


def test_a_damaged_vault() -> None:
    write_vault("shared: value-1\n")
    VAULT.write_text(VAULT.read_text()[:-40])
    assert "the vault password is wrong or the file is damaged" in refusal(vault("shared"))


def test_a_missing_vault_and_a_missing_password_file() -> None:
    assert refusal(vault("shared")) == (
        ".pacsmith/g-site/secrets.yml: the vault file is missing; restore it, or for a new site run "
        "`pacsmith secrets generate`"
    )
    write_vault("shared: value-1\n")
    PASSWORD.unlink()
    assert ".pacsmith/g-site/vault-password: the vault password file is missing; restore it" in refusal(vault("shared"))


def test_a_password_file_that_others_can_read_or_that_is_empty() -> None:
    write_vault("shared: value-1\n")
    PASSWORD.chmod(0o644)
    assert refusal(vault("shared")) == (
        ".pacsmith/g-site/vault-password: others can read the vault password; "
        "run chmod 600 .pacsmith/g-site/vault-password"
    )
    PASSWORD.write_text("\n")
    PASSWORD.chmod(0o600)
    assert refusal(vault("shared")) == ".pacsmith/g-site/vault-password: the vault password is empty; write it there"


NOT_A_MAPPING = {
    "- a\n- b\n": "the decrypted text is not a mapping of names to values",
    "shared:\n  nested: secret-inside\n": "line 1 of the decrypted text is not `name: value`",
    "a: b\nshared: [secret-inside\n": "line 3 of the decrypted text is not YAML",
    "a: b\n\tshared: secret-inside\n": "line 2 of the decrypted text is not YAML",
}


@pytest.mark.parametrize(("text", "sentence"), NOT_A_MAPPING.items())
def test_a_vault_that_is_not_names_and_values_says_where_and_never_what(
    text: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decrypts_to(text, monkeypatch)
    said = refusal(vault("shared"))
    assert said == (
        f".pacsmith/g-site/secrets.yml: {sentence}; mend it with `ansible-vault edit .pacsmith/g-site/secrets.yml`"
    )


@pytest.mark.parametrize("value", ["''", "' '", "", "|\n\n"])
def test_an_empty_value(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    decrypts_to(f"shared: {value}\n", monkeypatch)
    assert refusal(vault("shared")).startswith(
        "secret vault:shared: the value is empty; run `pacsmith secrets set shared`"
    )


def test_a_value_too_short_to_be_kept_out_of_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    decrypts_to("shared: abc\n", monkeypatch)
    assert "shorter than 4 characters, too short to be kept out of logs; choose a longer one" in refusal(
        vault("shared")
    )


def test_a_site_without_vault() -> None:
    assert refusal(vault("shared"), site(vault=None)) == (
        "secret vault:shared: the site has no vault; add `vault:` to the site file"
    )


# -- other sources


def test_an_environment_secret_is_read_and_taken_out_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("G_SITE_SHARED", "from the environment")
    reference = SecretReference(env="G_SITE_SHARED")
    store = open_store(site(ledger={"env": "G_SITE_SHARED"}))
    assert "G_SITE_SHARED" not in os.environ
    assert "G_SITE_SHARED" not in subprocess.run(["env"], capture_output=True, text=True, check=True).stdout
    assert store.value(reference).get_secret_value() == "from the environment"
    assert open_store(site()).value(reference).get_secret_value() == "from the environment"


def test_an_environment_secret_that_is_not_set() -> None:
    assert refusal(SecretReference(env="G_SITE_UNSET")) == (
        "secret env:G_SITE_UNSET: the environment variable is not set; set G_SITE_UNSET"
    )


def test_a_command_gives_its_output_without_the_last_newline() -> None:
    store = open_store(site())
    assert store.value(SecretReference(command=("printf", r"line 1\nline 2\n"))).get_secret_value() == "line 1\nline 2"


COMMANDS = {
    ("no-such-program-g",): "secret command no-such-program-g: not found; install it or mend the site's reference",
    ("sh", "-c", "echo leaked-value; echo leaked-value >&2; exit 3"): (
        "secret command sh: failed (exit 3); run it by hand to see why"
    ),
    ("printf", r"\377\376\375\374"): ("secret command printf: printed no UTF-8 text; make it print the value as text"),
}


@pytest.mark.parametrize(("command", "sentence"), COMMANDS.items())
def test_a_command_that_fails_is_not_quoted(command: tuple[str, ...], sentence: str) -> None:
    assert refusal(SecretReference(command=command)) == sentence


def test_the_vault_password_from_a_variable_goes_to_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    write_vault("shared: value-1\n")
    monkeypatch.setenv("G_VAULT_PASS", "vault-pass-123")
    of = site(vault={"file": str(VAULT), "password": {"env": "G_VAULT_PASS"}})
    store = open_store(of)
    assert "G_VAULT_PASS" not in os.environ
    assert store.value(vault("shared")).get_secret_value() == "value-1"


def test_the_vault_password_is_asked_for_once_and_again_after_a_wrong_one() -> None:
    write_vault("shared: value-1\nsecond: value-2\n")
    of = site(vault={"file": str(VAULT), "password": {"prompt": True}})
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "vault-pass-123" if len(asked) > 1 else "a slip"

    store = open_store(of, ask=ask)
    with pytest.raises(BadInput, match="password is wrong"):
        store.value(vault("shared"))
    assert store.value(vault("shared")).get_secret_value() == "value-1"
    assert open_store(of, ask=ask).value(vault("second")).get_secret_value() == "value-2"
    assert asked == ["Password of .pacsmith/g-site/secrets.yml: "] * 2


def test_without_a_terminal_nobody_is_asked() -> None:
    write_vault("shared: value-1\n")
    of = site(vault={"file": str(VAULT), "password": {"prompt": True}})
    assert "is asked for on a terminal and there is none; run pacsmith in a terminal" in refusal(vault("shared"), of)


def test_an_executable_password_file_is_a_program_as_in_ansible() -> None:
    write_vault("shared: value-1\n")
    PASSWORD.write_text("#!/bin/sh\necho vault-pass-123\n")
    PASSWORD.chmod(0o700)
    assert open_store(site()).value(vault("shared")).get_secret_value() == "value-1"
    PASSWORD.write_text("#!/bin/sh\necho hush >&2; exit 4\n")
    VAULT.touch()
    said = refusal(vault("shared"), site(vault={"file": str(VAULT.resolve()), "password": {"file": str(PASSWORD)}}))
    assert said.endswith("the vault password program failed (exit 4); run it by hand to see why")


# -- keeping


def test_the_password_is_in_no_argument_and_no_environment_of_ansible_vault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_vault("shared: value-1\n")
    spy = tmp_path / "bin" / "ansible-vault"
    spy.parent.mkdir()
    real = Path(sys.executable).parent / "ansible-vault"
    spy.write_text(f'#!/bin/sh\n{{ printf "%s " "$@"; env; }} > {tmp_path}/seen\nexec {real} "$@"\n')
    spy.chmod(0o700)
    monkeypatch.setattr("builder.secrets.vault_command._executable", lambda: str(spy))
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", "/nonexistent")
    assert open_store(site()).value(vault("shared")).get_secret_value() == "value-1"
    seen = (tmp_path / "seen").read_text()
    assert "decrypt" in seen and "ANSIBLE_HOME" in seen
    for secret in ("vault-pass-123", "value-1", "/nonexistent"):
        assert secret not in seen


def test_a_value_is_decrypted_once_and_anew_when_the_file_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    write_vault("shared: value-1\n")
    calls: list[int] = []

    def counted(*arguments: Any) -> str:
        calls.append(1)
        return decrypt(*arguments)

    monkeypatch.setattr("builder.secrets.vault_file.decrypt", counted)
    for _ in range(3):
        assert open_store(site()).value(vault("shared")).get_secret_value() == "value-1"
    assert len(calls) == 1
    write_vault("shared: value-2\n")
    assert open_store(site()).value(vault("shared")).get_secret_value() == "value-2"
    assert len(calls) == 2


def test_keeping_replaces_a_value_and_the_store_hands_out_the_new_one() -> None:
    write_vault("# head\nshared: value-1\nother: |\n  two\n  lines\n")
    store = open_store(site())
    assert store.value(vault("shared")).get_secret_value() == "value-1"
    assert store.keep(lambda _: {"shared": "value-2"}) == ("shared",)
    assert store.value(vault("shared")).get_secret_value() == "value-2"
    assert ansible_vault("view", str(VAULT)) == '# head\nshared: "value-2"\nother: |\n  two\n  lines\n'


def test_a_vault_behind_a_link_is_changed_where_it_is(tmp_path: Path) -> None:
    write_vault("shared: value-1\n")
    kept = tmp_path / "kept-elsewhere.yml"
    VAULT.rename(kept)
    VAULT.symlink_to(kept)
    open_store(site()).keep(lambda _: {"shared": "value-2"})
    assert VAULT.is_symlink()
    assert parse(ansible_vault("view", str(kept))) == {"shared": "value-2"}


def test_a_write_that_fails_leaves_the_old_vault_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    write_vault("shared: value-1\n")
    before = VAULT.read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("builder.durable.os.fsync", full)
    with pytest.raises(BadInput, match=r"secrets\.yml: the vault cannot be written \(No space left on device\)"):
        open_store(site()).keep(lambda _: {"shared": "value-2"})
    assert VAULT.read_bytes() == before
    assert sorted(path.name for path in VAULT.parent.iterdir()) == ["secrets.yml", "vault-password"]


def test_a_kill_between_writing_and_renaming_leaves_the_old_vault_whole(tmp_path: Path) -> None:
    write_vault("shared: value-1\n")
    before = VAULT.read_bytes()
    program = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from builder import durable\n"
        "durable.os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"durable.write_whole(Path({str(VAULT)!r}), b'half')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -9
    assert VAULT.read_bytes() == before
    assert open_store(site()).value(vault("shared")).get_secret_value() == "value-1"


def test_two_processes_do_not_lose_each_others_values() -> None:
    write_vault("shared: value-1\n")
    program = (
        "import sys\n"
        "from builder.secrets import open_store\n"
        "from tests.unit.site_parts import host, site_of\n"
        "open_store(site_of([host(1)])).keep(lambda _: {sys.argv[1]: 'value of ' + sys.argv[1]})\n"
    )
    root = Path(__file__).parents[2]
    argv = [sys.executable, "-c", program]
    children = [
        subprocess.Popen([*argv, name], env={**os.environ, "PYTHONPATH": str(root)}) for name in ("one", "two", "three")
    ]
    assert [child.wait(timeout=120) for child in children] == [0, 0, 0]
    assert set(parse(ansible_vault("view", str(VAULT)))) == {"shared", "one", "two", "three"}


def test_all_values_are_known_for_redaction() -> None:
    write_vault("shared: value-shared\nunused: value-unused\n")
    store = open_store(site())
    assert store.all_values() == ()
    store.value(vault("shared"))
    assert set(store.all_values()) == {"value-shared", "value-unused", "vault-pass-123"}
    assert store.redactor().clean("a value-unused b vault-pass-123") == "a [secret] b [secret]"


def test_a_redactor_is_made_again_only_for_new_values() -> None:
    write_vault("shared: value-shared\n")
    store = open_store(site())
    assert store.redactor().clean("value-shared") == "value-shared"
    store.value(vault("shared"))
    assert store.redactor().clean("value-shared") == "[secret]"
    assert store.redactor() is store.redactor()


def test_the_ledger_of_a_site_is_cleaned_of_its_secrets() -> None:
    """Whoever says it, a step, a probe or a host: also of a secret that was read after the ledger was opened."""
    write_vault("shared: value-shared\n")
    hospital = site()
    store = open_store(hospital)
    with ledger_of(hospital, store) as ledger:
        store.value(vault("shared"))
        state = ledger.set_host_state(hospital.name, "archive01", facts={"x": {"value": "saw value-shared"}})
    assert state.facts == {"x": {"value": "saw [secret]"}}


def test_nothing_of_a_value_is_in_a_representation() -> None:
    write_vault("shared: value-shared\n")
    store = open_store(site())
    value = store.value(vault("shared"))
    store.redactor()
    assert "value-shared" not in repr(value) + str(value) + repr(store.__dict__)


# -- the vault's text


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        "0123",
        "yes",
        "two\nlines",
        "ends\n",
        "ends\n\n\n",
        " lead\n  more\n",
        "tab\tq \" ' \\",
        "#x: y",
        "é😀 \u0085 \u2028",
    ],
)
def test_a_value_comes_back_as_it_was_put_in(value: str) -> None:
    text = with_values("first: 1 # one\n", {"new": value, "odd name!": value})
    assert parse(text) == {"first": "1", "new": value, "odd name!": value}
    assert text.startswith("first: 1 # one\n")
    assert parse(with_values(text, {"first": value, "new": "short"})) == {
        "first": value, "new": "short", "odd name!": value,
    }  # fmt: skip


def test_a_text_in_flow_style_is_changed_too() -> None:
    assert parse(with_values("{a: b, c: d}", {"a": "e", "f": "g"})) == {"a": "e", "c": "d", "f": "g"}
    assert parse(with_values("---\na: b\n...\n", {"f": "g"})) == {"a": "b", "f": "g"}


def test_an_empty_vault_begins_with_a_heading() -> None:
    assert with_values("", {"a": "b"}) == HEAD + 'a: "b"\n'
    assert re.match(r"# kept\n", with_values("# kept\n", {"a": "b"}).removeprefix(HEAD))
