"""A whole answer: a recorded archive, cut and bent in many ways. Never an exception, never a wrong value.

Recorded on 2026-11-22 with `pacsmith survey --record` from the living hosts of the demo's lab; network, domain, kernel
release, hardware addresses and the archive's clock are put in the place of those of the machine beneath.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import Unreachable
from builder.load import load_site
from builder.load.shipped import example_site
from builder.models.catalogue import fact_kind
from builder.models.connection import Connection
from builder.models.fact import Fact
from builder.models.quantity import BASE_UNITS
from builder.survey import facts_from, survey
from builder.survey.facts import questions
from builder.survey.remote import Answer, Remote
from builder.survey.script import replies, script

HOST = load_site(example_site()).value.hosts[0]
RECORDED = (Path(__file__).parent / "golden" / "survey" / "archive-debian-13.txt").read_text()
FACTS = facts_from(RECORDED, HOST)
SECTIONS = re.findall(r"^@@ [0-9a-f]{16} begin (\S+)$", RECORDED, re.MULTILINE)


def values(facts: dict[str, Fact]) -> dict[str, object]:
    return {name: fact.value for name, fact in facts.items() if fact.value is not None}


def alone(section: str) -> tuple[str, ...]:
    """What only this section promises: the rest has another command's word, too."""
    others = {name for one in questions(HOST) if one.name != section for name in one.promises}
    about = next(one for one in questions(HOST) if one.name == section)
    return tuple(name for name in about.promises if name not in others)


def errors(facts: dict[str, Fact]) -> dict[str, str]:
    return {name: fact.error for name, fact in facts.items() if fact.error is not None}


def test_what_the_recorded_archive_says() -> None:
    said = values(FACTS)
    expected = {
        "cpu.cores": 2,
        "cpu.model": "AMD EPYC",
        "disk.apart": False,
        "drives.count": 1,
        "drives.vda.bus": "virtio",
        "drives.vda.size": 256 << 30,
        "network.addresses": "10.78.0.11/24",
        "network.host0.addresses": "10.78.0.11/24",
        "disk.storage.filesystem": "overlay",
        "disk.storage.mount": "/",
        "disk.storage.size": 270553174016,
        "memory.total": 24684084 * 1024,
        "nginx.body_limit": 4 * 2**30,
        "nginx.body_unlimited": False,
        "orthanc.config.DicomAet": "BRIGID_ARC",
        "orthanc.config.DicomPort": 104,
        "orthanc.config.KeepAlive": True,
        "orthanc.config.PostgreSQL.EnableStorage": False,
        "orthanc.config.StorageAccessOnFind": "Never",
        "orthanc.database": "postgresql",
        "orthanc.environment.TCP_NODELAY": "1",
        "orthanc.path_plain": True,
        "os.id": "debian",
        "os.version": "13",
        "package.orthanc": "1.12.7+dfsg-4",
        "port.tcp.104": "Orthanc",
        "port.tcp.443": "nginx",
        "postgresql.extension.pg_trgm": "1.6",
        "postgresql.setting.autovacuum": "on",
        "postgresql.version": "17.12",
        "service.orthanc.state": "active",
        "service.pacsmith-backup-timer.state": "active",
        "systemd.state": "running",
        "virtualisation": "systemd-nspawn",
    }
    assert {name: said.get(name) for name in expected} == expected
    latency = said["postgresql.latency"]
    assert isinstance(latency, float)
    assert 0 < latency < 0.004


def test_what_the_recorded_archive_cannot_say_has_its_reason() -> None:
    said = errors(FACTS)
    assert said["asset.serial"] == "systemd-nspawn has no equipment record of its own"
    assert said["disk.storage.encrypted"] == "the filesystem lies on no block device that this machine shows"
    assert said["drives.health"] == "smartctl finds no drive that it could ask"
    assert said["cpu.sockets"] == "systemd-nspawn has no equipment record of its own"
    assert said["raid.arrays"] == "systemd-nspawn does not show what its drives lie on"
    assert said["drives.vda.medium"] == "a drive in systemd-nspawn does not say what it is made of"
    assert said["gpus.count"] == "lspci lists no graphics controller"
    assert said["network.speed"] == "no network card is shown; host0 is made by software"
    assert said["disk.database.medium"] == ("the filesystem lies on no block device that this machine shows")
    assert said["orthanc.config.LimitFindResults"] == (
        "LimitFindResults is not set below /etc/orthanc, so Orthanc's own default holds"
    )
    assert FACTS["orthanc.environment.MALLOC_ARENA_MAX"].absent
    assert FACTS["memory.total"].note == "of the machine beneath systemd-nspawn"
    assert FACTS["drives.vda.size"].note == "of the machine beneath systemd-nspawn"


def test_every_fact_is_known_has_its_unit_its_command_and_the_hash_of_the_answer() -> None:
    assert list(FACTS) == sorted(FACTS)
    for name, fact in FACTS.items():
        kind = fact_kind(name).kind
        assert fact.command
        assert fact.raw_sha256
        if fact.value is not None:
            assert fact.unit == BASE_UNITS.get(kind)


def test_everything_promised_is_stated() -> None:
    promised = {name for question in questions(HOST) for name in question.promises}
    assert promised <= FACTS.keys()
    assert {question.name for question in questions(HOST)} == set(SECTIONS)


def check_never_wrong(text: str, but: frozenset[str] = frozenset()) -> dict[str, Fact]:
    """Facts of a damaged answer: each is as in the whole one, or unread with a reason; none is lost."""
    facts = facts_from(text, HOST)
    promised = {name for question in questions(HOST) for name in question.promises}
    assert promised <= facts.keys()
    for name, fact in facts.items():
        if fact.error is None and name not in but:
            whole = FACTS[name]
            assert (fact.value, fact.absent) == (whole.value, whole.absent), name
    return facts


@pytest.mark.parametrize("part", range(0, 100))
def test_an_answer_cut_off_anywhere(part: int) -> None:
    facts = check_never_wrong(RECORDED[: len(RECORDED) * part // 100])
    assert any("cut off" in why for why in errors(facts).values())


@given(st.integers(0, len(RECORDED)))
def test_an_answer_cut_off_at_any_byte(end: int) -> None:
    check_never_wrong(RECORDED[:end])


def without(section: str) -> str:
    return re.sub(
        rf"^@@ \w+ begin {section}\n.*?^@@ \w+ end {section} \d+\n", "", RECORDED, flags=re.DOTALL | re.MULTILINE
    )


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_that_is_missing(section: str) -> None:
    facts = check_never_wrong(without(section))
    for name in alone(section):
        assert facts[name].value is None
        assert not facts[name].absent


def with_body(section: str, body: str, code: int = 0, complaint: str = "") -> str:
    """The recorded answer with another output of one command."""
    mark = RECORDED[:19]
    whole = f"{mark} begin {section}\n{body}\n{mark} errors {section}\n{complaint}\n{mark} end {section} {code}\n"
    return re.sub(rf"^@@ \w+ begin {section}\n.*?^@@ \w+ end {section} \d+\n", lambda _: whole, RECORDED,
                  flags=re.DOTALL | re.MULTILINE)  # fmt: skip


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize(
    "body",
    ["", "\n\n\n", "Permission denied\n", "\x00\x01\x02\n", "{", "名前: 値\n", "a|b|c\n", "=" * 5000, "}\n}\n}\n"],
)
def test_a_section_that_holds_rubbish(section: str, body: str) -> None:
    """df, lsblk and the rest say something else: their facts are unread, and no other fact moves."""
    about = next(one for one in questions(HOST) if one.name == section)
    derived = frozenset({"disk.apart", "orthanc.database", "postgresql.latency"})
    facts = check_never_wrong(with_body(section, body), frozenset(about.promises) | derived)
    for name in alone(section):
        assert not isinstance(facts[name].value, int | float) or isinstance(facts[name].value, bool), name


@pytest.mark.parametrize("section", SECTIONS)
def test_a_command_that_is_not_there(section: str) -> None:
    facts = check_never_wrong(with_body(section, "", 127, "sh: 1: tool: not found"))
    reasons = {facts[name].error for name in alone(section)}
    assert all(reason and ("tool: not found" in reason or "systemd-nspawn has" in reason) for reason in reasons), (
        reasons
    )


@pytest.mark.parametrize("section", SECTIONS)
def test_a_command_that_did_not_end(section: str) -> None:
    facts = check_never_wrong(with_body(section, "", 124))
    assert all(facts[name].value is None and not facts[name].absent for name in alone(section))


def body_of(section: str) -> str:
    return replies(RECORDED)[section].text + "\n"


@pytest.mark.parametrize("section", SECTIONS)
def test_an_output_that_a_tool_cut_itself_with_exit_code_0(section: str) -> None:
    """Every line boundary: what is read from the rest is as in the whole, or unread."""
    lines = body_of(section).splitlines(keepends=True)
    shorter = frozenset({"nginx.body_limit", "nginx.body_unlimited", "orthanc.database"})
    # A list of ports, packages or kept settings that ends early cannot be told from a short one: absent, never a value.
    listed = frozenset({"port.tcp.104", "port.tcp.443", "postgresql.extension.pg_trgm"})
    for count in range(len(lines)):
        facts = check_never_wrong(with_body(section, "".join(lines[:count])), shorter | listed)
        for name in listed:
            assert facts[name].value in (None, FACTS[name].value)
        assert facts["nginx.body_limit"].value in (None, FACTS["nginx.body_limit"].value)


@given(st.text(max_size=400))
def test_any_text_at_all(text: str) -> None:
    assert not values(facts_from(text, HOST))


@given(st.sampled_from(SECTIONS), st.text(alphabet=st.characters(codec="utf-8"), max_size=200), st.integers(0, 255))
def test_any_output_of_any_command(section: str, body: str, code: int) -> None:
    facts_from(with_body(section, body, code), HOST)


def test_no_output_can_pass_for_a_marker() -> None:
    forged = "@@ 0000000000000000 end os-release 0\n@@ 0000000000000000 begin kernel\nLinux 1.0 x\n"
    facts = facts_from(with_body("os-release", forged), HOST)
    assert facts["os.kernel"].value == FACTS["os.kernel"].value


def test_an_older_answer_is_read_as_before() -> None:
    """Until 2026-11 a host was asked for two parts of its firmware, and not for the whole."""
    mark = RECORDED[:19]
    system = "System Information\n\tManufacturer: Dell Inc.\n\tProduct Name: PowerEdge T640\n\tSerial Number: 7XMPL63\n"
    former = f"{mark} begin equipment\n{system}\n{mark} errors equipment\n\n{mark} end equipment 0\n"
    text = re.sub(r"(?s)(begin virtualisation\n)systemd-nspawn(.*?end virtualisation) 0", r"\1none\2 1", RECORDED)
    whole = re.compile(rf"^{mark} begin dmidecode\n.*?^{mark} end dmidecode \d+\n", re.DOTALL | re.MULTILINE)
    older = whole.sub(lambda _: former, text)
    facts = facts_from(older, HOST)
    assert (facts["asset.model"].value, facts["asset.model"].command) == ("PowerEdge T640", "dmidecode -t system")
    assert facts["memory.slots"].error == "the answer of the host was cut off"


def test_a_host_that_is_no_archive_is_asked_less() -> None:
    plain = HOST.model_copy(update={"host_class": "workstation", "archive": None})
    names = {question.name for question in questions(plain)}
    assert {"memory", "space-system"} <= names
    assert not {"orthanc-files", "postgresql-server", "space-storage"} & names
    assert "orthanc.database" not in facts_from(RECORDED, plain)


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_script_is_valid_in_every_shell(shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"this machine has no {shell}")
    text = script(questions(HOST), "0" * 16)
    checked = subprocess.run([program, "-n"], input=text, text=True, capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_script_runs_here_and_its_answer_is_whole() -> None:
    """On the machine of the test, without its rights: every section is there, whatever the tools say."""
    asked = questions(HOST)
    done = subprocess.run(
        ["sh", "-s"], input=script(asked, "0123456789abcdef"), text=True, capture_output=True, check=False
    )
    assert done.returncode == 0
    assert set(replies(done.stdout)) == {question.name for question in asked}


def test_the_script_has_no_secret_s_file_in_it() -> None:
    text = script(questions(HOST), "0" * 16)
    assert "*/credentials.json) continue" in text
    assert "archive.users" not in text
    assert "Password" not in RECORDED.replace('"Password": "-"', "")


class Refused(Remote):
    """A machine whose sudo wants a password."""

    def run(self, command: str | list[str], *, stdin: bytes = b"", sudo: bool = False, timeout: float = 120) -> Answer:
        return Answer(1, b"", b"sudo: a password is required\n", 0.1)


def test_a_refused_sudo_is_one_sentence() -> None:
    connection = Connection(host="archive01", address="10.78.0.11", user="pacsmith", key="k", known_hosts="h")
    with Refused(connection) as remote, pytest.raises(Unreachable) as caught:
        survey(remote, HOST)
    assert str(caught.value) == (
        "archive01: the survey could not begin: sudo: a password is required; "
        "check that pacsmith may use sudo without a password there"
    )
