"""Facts over the one shell: pyinfra's own answers, read once, asked together, and never older than a change."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest
from pyinfra.api.facts import FactBase
from pyinfra.api.host import Host
from pyinfra.facts import apt, deb, files, gpg, hardware, server

from builder.engines.notes import hidden
from builder.engines.shell.reading import Reading, reading
from builder.engines.shell.users_fact import UsersInOneGo
from tests.lab.loopback import Loopback
from tests.lab.shell_host import OURS, STOCK, connected, said, session_of

# Accounts that make the accounts' fact hard: many groups, logins that were recorded, fields that hold signs.
PREPARE = r"""
for one in anna bert; do useradd -R "$PWD" -m $one; done
echo 'carla:x:3001:1000:Dr. Röntgen, Room 1 & "2" | x:/home/carla:/bin/bash' >> etc/passwd
echo 'sys2:x:3002:1001:::/bin/sh' >> etc/passwd
chroot . usermod -aG anna,bert,audio,video carla; useradd -R "$PWD" systemd-like_name-01
chroot . sh -c 'printf "%s\n" "anna:secret" | chpasswd'
if [ -x usr/bin/lastlog ]; then chroot . lastlog -S -u anna; chroot . lastlog -S -u root; fi
ln -s /etc/hostname etc/link; mkdir -p srv/trial; echo x > 'srv/trial/a b'
"""

# Facts and their arguments: what our roles, and the operations of pyinfra that they would use, ask for.
ASKED: list[tuple[type[Any], dict[str, Any]]] = [
    (server.Users, {}),
    (server.Groups, {}),
    (server.Hostname, {}),
    (server.Kernel, {}),
    (server.KernelVersion, {}),
    (server.Arch, {}),
    (server.Os, {}),
    (server.OsVersion, {}),
    (server.LinuxDistribution, {}),
    (server.LinuxName, {}),
    (server.LsbRelease, {}),
    (server.OsRelease, {}),
    (server.Home, {}),
    (server.Path, {}),
    (server.TmpDir, {}),
    (server.User, {}),
    (server.Which, {"command": "perl"}),
    (server.Which, {"command": "no-such"}),
    (server.Sysctl, {"keys": ["kernel.pid_max", "vm.swappiness"]}),
    (server.Locales, {}),
    (server.SecurityLimits, {}),
    (server.Selinux, {}),
    (server.EtcHosts, {}),
    (server.RebootRequired, {}),
    (server.Timezone, {}),
    (deb.DebPackages, {}),
    (deb.DebPackage, {"package": "perl-base"}),
    (deb.DebArch, {}),
    (apt.AptSources, {}),
    (apt.AptKeys, {}),
    (hardware.Cpus, {}),
    (hardware.Memory, {}),
    (gpg.GpgKeys, {}),
    *(
        (fact, {"path": path})
        for fact in (files.File, files.Directory, files.Link)
        for path in ("/etc/hostname", "/etc", "/etc/link", "/no/such", "/srv/trial/a b")
    ),
    (files.Sha256File, {"path": "/etc/hostname"}),
    (files.Sha1File, {"path": "/no/such"}),
    (files.FileContents, {"path": "/etc/os-release"}),
    (files.FindInFile, {"path": "/etc/passwd", "pattern": "^root.*"}),
    (files.FindFiles, {"path": "/srv"}),
    (files.Block, {"path": "/etc/passwd"}),
]


@pytest.fixture(scope="module", params=["debian-12", "debian-13"])
def sshd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    host = Loopback(tmp_path_factory.mktemp("sshd") / "at", system=request.param, prepare=PREPARE).start()
    yield host
    host.stop()


@pytest.fixture
def host(sshd: Loopback) -> Iterator[Host]:
    with connected(sshd.data()) as connected_host:
        yield connected_host


def test_every_fact_is_the_stock_connector_s_fact(sshd: Loopback) -> None:
    told = []
    for connector in (STOCK, OURS, OURS):
        with connected(sshd.data(), connector) as host:
            told.append([host.get_fact(fact, **arguments) for fact, arguments in ASKED])
    for (fact, arguments), stock, ours, again in zip(ASKED, *told, strict=True):
        assert ours == stock, (fact, arguments)
        assert again == stock, (fact, arguments)
    facts = dict(zip((fact for fact, _ in ASKED), told[1], strict=False))
    users = facts[server.Users]
    assert users["carla"]["groups"] == ["audio", "video", "bert"]  # anna is the first group
    assert len(users) > 20
    assert len(facts[deb.DebPackages]) > 100


def test_users_in_one_go_are_users_on_unusual_hosts(sshd: Loopback) -> None:
    """Where our way is not sure to say the same, the host goes stock's way."""
    spoil = [
        "true",
        "echo 'odd.name:x:4242:4242::/:/bin/sh' >> /etc/passwd",
        r"printf '%s\n' 'back:x:4243:4243:a\tb:/:/bin/sh' >> /etc/passwd",
        "mv /usr/bin/id /usr/bin/id.gone",
    ]
    ways = []
    for text in spoil:
        with connected(sshd.data()) as ours, connected(sshd.data(), STOCK) as stock:
            said(ours, f"cp /etc/passwd /tmp/passwd; {text}")
            try:
                ways.append(said(ours, UsersInOneGo().command()).split("\n", 1)[0] == "pacsmith-users")
                assert ours.get_fact(server.Users) == stock.get_fact(server.Users), text
            finally:
                said(ours, "cp /tmp/passwd /etc/passwd; [ ! -e /usr/bin/id.gone ] || mv /usr/bin/id.gone /usr/bin/id")
    assert ways == [True, False, False, False]


def asked(host: Host) -> int:
    """How often the host was waited for until now."""
    return session_of(host).round_trips


def test_a_fact_is_read_once_until_something_changes(host: Host) -> None:
    said(host, "rm -f /srv/trial/new")
    assert host.get_fact(files.File, path="/srv/trial/new") is None
    before = asked(host)
    for _ in range(5):
        assert host.get_fact(files.File, path="/srv/trial/new") is None
    assert asked(host) == before
    said(host, "echo made > /srv/trial/new")
    assert host.get_fact(files.File, path="/srv/trial/new")
    assert asked(host) == before + 2
    assert host.put_file(io.StringIO("other"), "/srv/trial/new")
    assert host.get_fact(files.FileContents, path="/srv/trial/new") == ["other"]
    assert host.get_fact(files.Sha256File, path="/srv/trial/new")
    said(host, "chmod 600 /srv/trial/new")
    told: Any = host.get_fact(files.File, path="/srv/trial/new")
    assert told["mode"] == 600


def test_a_file_s_change_leaves_what_rests_on_other_files(host: Host) -> None:
    packages, users = host.get_fact(deb.DebPackages), host.get_fact(server.Users)
    assert host.put_file(io.StringIO("x"), "/srv/trial/other")
    before = asked(host)
    assert host.get_fact(deb.DebPackages) == packages
    assert host.get_fact(server.Users) == users
    assert asked(host) == before
    lines = io.BytesIO()
    host.get_file("/etc/passwd", lines)
    assert host.put_file(io.BytesIO(lines.getvalue() + b"dora:x:4242:4242::/:/bin/sh\n"), "/etc/passwd")
    assert "dora" in host.get_fact(server.Users)
    assert host.put_file(lines, "/etc/passwd")
    said(host, "ln -sfn /etc /srv/trial/alias")
    assert "dora" not in host.get_fact(server.Users)
    assert host.put_file(io.BytesIO(lines.getvalue() + b"dora:x:4242:4242::/:/bin/sh\n"), "/srv/trial/alias/passwd")
    assert "dora" in host.get_fact(server.Users), "the file was reached by another name"
    assert host.put_file(lines, "/etc/passwd")


def test_a_host_that_was_away_is_asked_again(sshd: Loopback, host: Host) -> None:
    assert host.get_fact(server.Hostname)
    sshd.cut()
    assert sshd.wait_for(lambda: not session_of(host).alive or gevent.sleep(0.01))
    assert host.get_fact(server.Kernel) == "Linux"
    before = asked(host)
    assert host.get_fact(server.Hostname)
    assert asked(host) == before + 1, "it may have been started anew meanwhile"


def test_what_tells_of_the_moment_is_asked_each_time(host: Host) -> None:
    first = host.get_fact(server.Date)
    said(host, "sleep 1.1")
    before = asked(host)
    assert host.get_fact(server.Date) > first
    assert asked(host) == before + 1
    count = "echo x >> /srv/trial/count; wc -l < /srv/trial/count"
    assert host.get_fact(server.Command, command=count) != host.get_fact(server.Command, command=count)


def test_a_fact_from_elsewhere_is_kept_only_when_it_says_so(host: Host) -> None:
    class Counted(FactBase[str]):
        def command(self) -> str:
            return "echo x >> /srv/trial/elsewhere; wc -l < /srv/trial/elsewhere"

    class Kept(Counted):
        pacsmith_kept = True

    assert host.get_fact(Counted) != host.get_fact(Counted)
    assert host.get_fact(Kept) == host.get_fact(Kept)


def test_what_was_asked_last_time_is_asked_at_once(sshd: Loopback, tmp_path: Path) -> None:
    memory = tmp_path / "kept" / "trial.json"
    few = [(fact, arguments) for fact, arguments in ASKED if fact is not server.LinuxName][:30]
    with connected(sshd.data(pacsmith_questions=str(memory))) as first:
        for fact, arguments in few:
            first.get_fact(fact, **arguments)
        first.get_fact(server.Hostname, _env={"A": "swordfish"})
        with reading(Reading()):
            assert first.run_shell_command(hidden("echo swordfish"))[1].stdout == "swordfish"
        slow = asked(first)
    texts = [text for text, _ in json.loads(memory.read_text())]
    assert "swordfish" not in memory.read_text()
    assert len(texts) >= len(few) - 2
    assert memory.stat().st_mode & 0o777 == 0o600
    with connected(sshd.data(pacsmith_questions=str(memory))) as second:
        told = [second.get_fact(fact, **arguments) for fact, arguments in few]
        waited = asked(second)
        assert session_of(second)._link._number == len(texts)  # type: ignore[union-attr]
    with connected(sshd.data(), STOCK) as stock:
        assert told == [stock.get_fact(fact, **arguments) for fact, arguments in few]
    assert slow > len(few) - 2
    assert waited < slow, "each answer may be waited for, but not a whole way there and back"
    memory.chmod(0o666)
    with connected(sshd.data(pacsmith_questions=str(memory))) as fourth:
        assert session_of(fourth)._link._number == 0, "what others may write is not carried out"  # type: ignore[union-attr]
    memory.write_text("{broken")
    memory.chmod(0o600)
    with connected(sshd.data(pacsmith_questions=str(memory))) as third:
        assert third.get_fact(server.Hostname)


def test_an_answer_asked_ahead_is_not_older_than_a_change(sshd: Loopback, tmp_path: Path) -> None:
    memory = tmp_path / "trial.json"
    for round_ in ("first", "second"):
        with connected(sshd.data(pacsmith_questions=str(memory))) as host:
            said(host, "echo before > /srv/trial/ahead")
            host.get_fact(server.Hostname)
            said(host, f"echo {round_} > /srv/trial/ahead")
            assert host.get_fact(files.FileContents, path="/srv/trial/ahead") == [round_]
