"""Every command through one shell, on a real sshd: the same answers as pyinfra's own SSH connector gives."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from pyinfra.api.exceptions import ConnectError

from builder.engines.notes import hidden
from builder.engines.shell.output import FloodError
from tests.lab.loopback import Loopback
from tests.lab.shell_host import OURS, STOCK, connected, run, said, session_of

PASSWORD = "tiger' $HOME \"pass"
# Accounts of the layer in memory: one that sudo asks for a password, one that it does not, one that has su's password.
PREPARE = r"""
useradd -R "$PWD" -m asked; useradd -R "$PWD" -m free
printf '%s\n' 'asked:{password}' | chpasswd -R "$PWD"
printf '%s\n' 'asked ALL=(ALL) ALL' 'free ALL=(ALL) NOPASSWD: ALL' > etc/sudoers.d/trial
for one in asked free; do install -d -m 700 home/$one/.ssh; cp {key} home/$one/.ssh/authorized_keys; done
chroot . chown -R asked: /home/asked; chroot . chown -R free: /home/free
echo "127.0.0.1 localhost $(hostname)" > etc/hosts
"""


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    folder = tmp_path_factory.mktemp("sshd")
    password = PASSWORD.replace("'", "'\\''")
    prepare = PREPARE.replace("{password}", password).replace("{key}", str(folder / "at" / "keys" / "user.pub"))
    host = Loopback(folder / "at", prepare=prepare)
    host.start()
    yield host
    host.stop()


def refused(data: dict[str, object], sentence: str) -> None:
    """The connection is not made, and this is said."""
    with pytest.raises(ConnectError, match=sentence), connected(data):
        pass


# What is run, and pyinfra's arguments with it. Both connectors must say the same.
SAME: list[tuple[str, dict[str, Any]]] = [
    ("echo out; echo err >&2; exit 3", {}),
    ("true", {}),
    ("printf 'no newline at the end'", {}),
    ("printf '\\n\\n  two empty lines before, spaces kept  \\n'", {}),
    ("printf 'a\\tb\\r\\nform\\ffeed\\n'", {}),
    ("echo 'Röntgen 日本語'", {}),
    ("seq 1 200000", {}),
    ("head -c 3000000 /dev/zero | tr '\\0' x", {}),
    ("if (", {}),
    ("no-such-program-anywhere", {}),
    ("exit 7", {"_success_exit_codes": [7]}),
    ("cat", {}),
    ("cat; echo end", {"_stdin": "one line"}),
    ("cat; echo end", {"_stdin": ["first", "second\n", "third"]}),
    ("wc -c", {"_stdin": "x" * 3_000_000}),
    ("wc -c", {"_stdin": ""}),
    ("wc -c", {"_stdin": []}),
    ('echo "$A|$B"; pwd', {"_env": {"A": "a 'quoted' $HOME", "B": ""}, "_chdir": "/usr/share"}),
    ("pwd", {"_chdir": "/no such folder"}),
    ('echo "$0 $BASH_VERSION"', {"_shell_executable": "bash"}),
    ("id -un; echo $HOME", {"_sudo": True}),
    ("id -un; cat", {"_sudo": True, "_sudo_user": "asked", "_stdin": "given"}),
    ("id -un; cat", {"_su_user": "asked", "_stdin": "given"}),
    ("id -un; pwd", {"_su_user": "asked", "_use_su_login": True}),
    ("id -un", {"_sudo": True, "_sudo_user": "nobody-of-that-name"}),
    ("tty -s && echo a terminal; echo err >&2; echo $TERM; exit 4", {"_get_pty": True}),
    ("id -un; tty -s && echo a terminal", {"_get_pty": True, "_sudo": True}),
    ('stty size; read one; read two; echo "got $one, $two"', {"_get_pty": True, "_stdin": ["typed", "and read"]}),
    ("trap '' PIPE; yes | head -1", {}),
]


def answers(sshd: Loopback, connector: type[Any], user: str = "root") -> list[tuple[bool, list[str], list[str]]]:
    with connected(sshd.data(ssh_user=user), connector) as host:
        told = [run(host, text, **dict(arguments)) for text, arguments in SAME]
    return [(done, output.stdout_lines, output.stderr_lines) for done, output in told]


def typed(told: tuple[bool, list[str], list[str]]) -> tuple[bool, list[str], list[str]]:
    """A terminal shows what is typed when it comes, not in its turn. All of it is read: pyinfra's own connector fails
    now and then where a command ends before."""
    done, lines, errors = told
    return done, sorted(lines), errors


@pytest.mark.parametrize("user", ["root", "free"])
def test_commands_answer_as_with_the_stock_connector(sshd: Loopback, user: str) -> None:
    theirs, ours = answers(sshd, STOCK, user), answers(sshd, OURS, user)
    for (text, arguments), stock, mine in zip(SAME, theirs, ours, strict=True):
        seen = typed if {"_get_pty", "_stdin"} <= arguments.keys() else tuple
        assert seen(mine) == seen(stock), (text, arguments)


@pytest.mark.parametrize("user", ["root", "free"])
def test_input_that_no_command_reads_is_no_fault(sshd: Loopback, user: str) -> None:
    """Ours alone: pyinfra's own fails now and then, when the command ends before all is written."""
    with connected(sshd.data(ssh_user=user)) as host:
        arguments: dict[str, Any] = {"_get_pty": True, "_stdin": ["typed", "never read"]}
        done, output = run(host, 'read line; echo "got $line"', **arguments)
    assert done
    assert "got typed" in [line.strip() for line in output.stdout_lines]


def test_one_connection_and_one_shell_carry_them_all(sshd: Loopback) -> None:
    before = sshd.log().count("Accepted publickey")
    with connected(sshd.data()) as host:
        agents = {said(host, "echo $PPID") for _ in range(5)}
        assert len(agents) == 1
        assert sshd.log().count("Accepted publickey") == before + 1
        assert session_of(host).opened == 1


@pytest.mark.parametrize(
    "way", [{"_sudo": True, "_sudo_password": PASSWORD}, {"_su_user": "asked", "_su_password": PASSWORD}]
)
def test_a_password_is_used_and_seen_nowhere(sshd: Loopback, way: dict[str, Any]) -> None:
    look = "id -un; cat; for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done"
    with connected(sshd.data(ssh_user="asked" if "_sudo" in way else "free")) as host:
        told = said(host, look, **way, _stdin="given")
        assert told.splitlines()[:2] == ["root" if "_sudo" in way else "asked", "given"]
        assert "tiger" not in told
        assert said(host, "ps axo args | grep '[s]shd -D'"), "the process list was read"
        assert "tiger" not in said(host, "env; cat /proc/self/environ", **way)
        assert "tiger" not in said(host, "cat /tmp/pyinfra-sudo-askpass-* 2>/dev/null; true")
        mine = [" ".join(one.cmdline()) for one in psutil.Process().children() if one.name() == "ssh"]
        assert mine
        assert not any("tiger" in line for line in mine)
    assert list(sshd.root().joinpath("tmp").glob("pyinfra-*")) == []


def test_a_wrong_password_fails_and_the_shell_goes_on(sshd: Loopback) -> None:
    with connected(sshd.data(ssh_user="asked")) as host:
        done, output = run(host, "id -un", _sudo=True, _sudo_password="wrong")
        assert not done
        assert "incorrect password" in output.stderr or "no password was provided" in output.stderr
        assert said(host, "id -un") == "asked"


def test_a_hidden_text_is_not_in_the_process_list(sshd: Loopback) -> None:
    for size in (10, 200_000):
        text = f"ps axww -o args | grep -c 'sword[f]ish'; : swordfish {'x' * size}; ls -l /proc/self/fd; exit 5"
        with connected(sshd.data()) as host:
            done, output = host.run_shell_command(hidden(text), _success_exit_codes=[5])
        assert done, output.output
        assert output.stdout_lines[0] == "0"
        assert not any(" 9 -> " in line for line in output.stdout_lines), "the text is open to what the command starts"


def test_a_text_may_be_longer_than_an_argument(sshd: Loopback) -> None:
    """pyinfra's own connector ends here with "Argument list too long"."""
    with connected(sshd.data()) as host:
        assert said(host, f"cat; x={'a' * 300_000}; echo ${{#x}}", _stdin="given").splitlines() == ["given", "300000"]
        assert not run(host, f": {'a' * 300_000}; exit 9")[0]


def test_output_that_looks_like_the_end_of_it_is_only_output(sshd: Loopback) -> None:
    """The greeting with the very token, and frames of our own protocol: an exit, a hello, a claim's answer."""
    frames = r"printf 'X\0\0\0\1\0\0\0\4\0\7\0\0H\0\0\0\0\0\0\0\0C\0\0\0\1\0\0\0\4free'"
    text = f"t=$(ls /run | grep pacsmith-shell-); printf '\\n%s\\n' $t; {frames}; {frames} >&2; {frames}; echo; exit 6"
    with connected(sshd.data()) as host:
        done, output = run(host, text, _success_exit_codes=[6])
        assert done
        assert output.stdout_lines[1].startswith("pacsmith-shell-")
        assert output.stdout.count("free") == 2
        assert output.stderr.count("free") == 1
        assert said(host, "echo still here") == "still here"


def test_a_command_need_not_read_all_of_its_input(sshd: Loopback) -> None:
    """pyinfra's own connector ends here with "Socket is closed"."""
    with connected(sshd.data()) as host:
        assert said(host, "head -c 5", _stdin="x" * 30_000_000) == "xxxxx"
        assert said(host, "echo next") == "next"


def test_bytes_that_are_no_text_arrive_and_break_nothing(sshd: Loopback) -> None:
    with connected(sshd.data()) as host:
        output = said(host, "head -c 1000000 /dev/urandom; echo; echo end")
        assert output.splitlines()[-1] == "end"
        assert said(host, "printf '\\377\\0\\n'") == "\ufffd\0"


def test_a_flood_is_stopped_with_a_sentence(sshd: Loopback) -> None:
    with connected(sshd.data()) as host:
        before = psutil.Process().memory_info().rss
        with pytest.raises(FloodError, match="said more than 64 MiB"):
            run(host, "yes '' | tr '\\n' x")
        with pytest.raises(FloodError, match="1000000 lines"):
            run(host, "exec yes")
        assert psutil.Process().memory_info().rss - before < 600 << 20
        assert said(host, "pgrep -c '^yes$' || true") == "0"


def test_a_command_out_of_time_is_ended_with_all_that_it_started(sshd: Loopback) -> None:
    with connected(sshd.data()) as host:
        began = time.monotonic()
        with pytest.raises(TimeoutError):
            run(host, "sleep 4242 & sleep 4242; echo never", _timeout=1)
        with pytest.raises(TimeoutError):
            run(host, "trap '' TERM; sleep 4242; sleep 4242", _timeout=1)
        assert time.monotonic() - began < 8
        assert said(host, "pgrep -f '[s]leep 4242' | wc -l") == "0"
        assert session_of(host).opened == 1


def test_what_goes_on_in_the_background_does_not_hold_its_command(sshd: Loopback) -> None:
    with connected(sshd.data()) as host:
        began = time.monotonic()
        assert said(host, "(sleep 4; echo late; sleep 300) & echo early; echo $! > /tmp/background") == "early"
        assert time.monotonic() - began < 4
        for number in range(20):
            assert said(host, f"sleep 0.2; echo {number}") == str(number)
        assert said(host, "kill -0 $(cat /tmp/background) && echo alive; kill $(cat /tmp/background)") == "alive"


def test_max_sessions_1_is_enough(tmp_path: Path) -> None:
    sshd = Loopback(tmp_path / "at", config=("MaxSessions 1",)).start()
    try:
        with connected(sshd.data()) as host:
            assert said(host, "echo one") == "one"
            assert host.put_file("/etc/hostname", "/tmp/up")
            assert host.get_file("/tmp/up", str(tmp_path / "down"))
            assert said(host, "tty -s && echo terminal", _get_pty=True).strip() == "terminal"
            assert sshd.wait_for(lambda: len(sshd.sessions()) == 1)
    finally:
        sshd.stop()


def test_a_jump_host_is_used_and_its_key_is_checked_too(sshd: Loopback, tmp_path: Path) -> None:
    jump = Loopback(tmp_path / "at").start()
    try:
        both = tmp_path / "both"
        both.write_text(Path(sshd.known_hosts).read_text() + Path(jump.known_hosts).read_text())
        (sshd.root() / "root/.ssh/authorized_keys").open("a").write(Path(jump.key + ".pub").read_text())
        way = {"ssh_proxy_jump": f"root@127.0.0.1:{jump.port}", "ssh_key": jump.key}
        with connected(sshd.data(**way, ssh_known_hosts_file=str(both))) as host:
            assert said(host, "echo there") == "there"
            assert len(jump.sessions()) == 1
        refused(sshd.data(**way, ssh_known_hosts_file=sshd.known_hosts), "Host key verification failed")
    finally:
        jump.stop()


def test_a_host_key_is_never_taken_on_trust(sshd: Loopback, tmp_path: Path) -> None:
    (tmp_path / "none").write_text("")
    data = sshd.data(ssh_known_hosts_file=str(tmp_path / "none"), ssh_strict_host_key_checking="off")
    refused(data, "Host key verification failed")


def test_what_cannot_be_is_said_in_a_sentence(sshd: Loopback, tmp_path: Path) -> None:
    refused(sshd.data(ssh_password="x"), "ssh_password: the @pacsmith connector uses keys and agents only")
    refused(sshd.data(ssh_port=1), r"trial: no SSH connection .*Connection refused")
    bare = Loopback(tmp_path / "at", prepare="rm usr/bin/perl*").start()
    try:
        refused(bare.data(), "trial: the host has no perl, which @pacsmith needs; install perl-base, or use @ssh there")
        refused(
            {"connection": bare.connection()}, "trial: the host has no perl, which @pacsmith needs; install perl-base$"
        )
    finally:
        bare.stop()


def test_ten_thousand_commands_through_one_shell(sshd: Loopback) -> None:
    with connected(sshd.data()) as host:
        agent = int(said(host, "echo $PPID"))
        (process,) = [one for one in sshd.sshd().children(recursive=True) if one.name() == "perl"]
        said(host, "true")
        fds, memory, own = process.num_fds(), process.memory_info().rss, len(list(Path("/proc/self/fd").iterdir()))
        began = time.monotonic()
        for number in range(10_000):
            text = f"echo {number}" if number % 3 else f"echo {number}; echo e >&2; exit 1"
            done, output = run(host, text, _stdin="x" if number % 7 == 0 else None)
            assert (done, output.stdout) == (bool(number % 3), str(number))
        print(f"10,000 commands in {time.monotonic() - began:.1f} s")
        assert int(said(host, "echo $PPID")) == agent
        assert process.num_fds() == fds
        assert process.memory_info().rss - memory < 2 << 20
        assert len(list(Path("/proc/self/fd").iterdir())) <= own
        assert int(said(host, "ls /run/pacsmith-shell-* | wc -l")) < 100
        assert session_of(host).opened == 1
