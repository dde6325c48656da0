"""What a person reads when a host cannot be reached, and that it names what is amiss with the files of the keys."""

from pathlib import Path

import pytest

from builder.models.connection import Connection
from builder.survey.unreached import key_amiss, pins_amiss, reason, why_unreached

CONNECTION = Connection(host="archive01", address="192.0.2.1", user="pacsmith", key="id", known_hosts="pins")
DENIED = "pacsmith@192.0.2.1: Permission denied (publickey)."
UNKNOWN = "No ED25519 host key is known for 192.0.2.1\nHost key verification failed."
REFUSED = "ssh: connect to host 192.0.2.1 port 22: Connection refused"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "@@@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @@@\nHost key verification failed.",
            "is not the pinned one in pins",
        ),
        (UNKNOWN, "its SSH host key is not pinned in pins; pin it as docs/own-hosts.md says (step 4)"),
        (
            DENIED,
            "pacsmith is refused with key id; put its public half on the host, as docs/own-hosts.md says (step 3)",
        ),
        ("sudo: a password is required", "pacsmith cannot become root (sudo: a password is required)"),
        (REFUSED, "no SSH connection (ssh: connect"),
        ("", "no reason given"),
    ],
)
def test_why_a_host_cannot_be_reached(said: str, expected: str) -> None:
    sentence = reason(CONNECTION, said)
    assert sentence.startswith("archive01 (192.0.2.1): ")
    assert expected in sentence
    assert "Besides" not in sentence


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with a key and a pinned host key, both as they should be."""
    monkeypatch.chdir(tmp_path)
    Path("id").touch(mode=0o600)
    Path("pins").touch()
    return tmp_path


@pytest.mark.usefixtures("files")
def test_files_that_are_right_are_not_spoken_of() -> None:
    assert (key_amiss(CONNECTION), pins_amiss(CONNECTION)) == (None, None)
    assert why_unreached(CONNECTION, DENIED) == reason(CONNECTION, DENIED)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_may_read_is_the_reason(mode: int) -> None:
    Path("id").chmod(mode)
    assert why_unreached(CONNECTION, DENIED) == (
        "archive01 (192.0.2.1): ssh refuses the private key id, because others may read it "
        f"(mode {mode:o}); chmod 600 id"
    )


@pytest.mark.usefixtures("files")
def test_a_key_that_is_not_there_is_the_reason() -> None:
    Path("id").unlink()
    said = why_unreached(CONNECTION, DENIED)
    assert said.startswith("archive01 (192.0.2.1): the private key id is not there; make it as docs/own-hosts.md says")
    assert "refused with key" not in said


@pytest.mark.usefixtures("files")
def test_without_any_pinned_key_nobody_is_said_to_be_in_between() -> None:
    Path("pins").unlink()
    said = why_unreached(CONNECTION, UNKNOWN)
    assert said == (
        "archive01 (192.0.2.1): no host key is pinned yet (pins is not there); pin it as docs/own-hosts.md says "
        "(step 4)"
    )


@pytest.mark.usefixtures("files")
def test_a_host_that_is_down_is_down_first_and_the_key_is_missing_besides() -> None:
    Path("id").unlink()
    said = why_unreached(CONNECTION, REFUSED)
    assert said.startswith(f"archive01 (192.0.2.1): no SSH connection ({REFUSED}); is the host up")
    assert "this machine? Besides, the private key id is not there" in said
    assert said.count("Besides") == 1


def test_the_guide_has_the_steps_that_are_named() -> None:
    guide = (Path(__file__).parents[2] / "docs/own-hosts.md").read_text(encoding="utf-8")
    assert "\n2. **A user**" in guide
    assert "\n3. **Its key.**" in guide
    assert "\n4. **Its host key, pinned.**" in guide
