"""What travels between us and a host's shell, where to and as whom: the pure part."""

import shlex
import struct

import pytest
from pyinfra.api.command import StringCommand

from builder.engines.shell import wire
from builder.engines.shell.become import passwords_wanted, unix_command
from builder.engines.shell.session import Command
from builder.engines.shell.target import of_connection, of_data
from builder.models.connection import Connection

GREETING = b"\npacsmith-shell-abc\n"
CONNECTION = Connection(host="a", address="192.0.2.1", user="u", key="k", known_hosts="pins")


def test_frames_come_out_whole_in_whatever_pieces_they_come() -> None:
    frames = [
        (b"H", 0, b""),
        (b"O", 1, GREETING + bytes(range(256))),
        (b"X", 1, b"\0\3\0\0"),
        (b"E", 4_000_000_000, b"x" * 70_000),
    ]
    stream = b"Welcome!\nX\0\0" + GREETING + b"".join(wire.encode(*frame) for frame in frames)
    for size in (1, 2, 7, 9, 1000, len(stream)):
        decoder = wire.Decoder("abc")
        pieces = (stream[begin : begin + size] for begin in range(0, len(stream), size))
        assert [tuple(frame) for piece in pieces for frame in decoder.feed(piece)] == frames
        assert decoder.chatter == b""


def test_what_comes_in_place_of_a_greeting_can_be_told() -> None:
    decoder = wire.Decoder("abc")
    assert list(decoder.feed(b"sh: perl: not found\n\npacsmith-shell-other\n")) == []
    assert b"perl: not found" in decoder.chatter


def test_a_hello_and_an_exit_are_read() -> None:
    texts = ["/run/pacsmith-shell-abc", "boot", "192.0.2.7 5 192.0.2.1 22", "0"]
    payload = b"".join(struct.pack("!I", len(text)) + text.encode() for text in texts)
    assert wire.parse_hello(payload) == wire.Hello("/run/pacsmith-shell-abc", "boot", "192.0.2.7 5 192.0.2.1 22", 0)
    assert wire.parse_exit(struct.pack("!HH", 137, 4)) == wire.Exit(137, wire.LEFT_OPEN)
    with pytest.raises(ValueError, match="unpack"):
        wire.parse_hello(payload[:-5])


def test_the_start_needs_no_quote_and_reads_no_byte_too_many() -> None:
    text = wire.bootstrap(b"x" * 1234, "abc")
    assert text.count("'") == 2
    assert "1234" in text
    assert "!" not in text, "a history mark of csh"
    assert shlex.split(text)[0] == "perl"


def test_one_of_our_hosts_gets_a_root_shell_and_nothing_of_this_machine_s_settings() -> None:
    argv = of_connection(CONNECTION).command("PROGRAM")
    assert argv[:3] == ["ssh", "-F", "none"]
    assert "StrictHostKeyChecking=yes" in argv
    assert argv[-2] == "u@192.0.2.1"
    assert argv[-1].startswith("exec sudo -n -- sh -c ")
    assert 'sh "${SSH_CONNECTION%% *}"' in argv[-1]
    without = of_connection(CONNECTION.model_copy(update={"sudo": False})).command("PROGRAM")[-1]
    assert "sudo" not in without


def test_pyinfra_s_settings_become_ssh_s() -> None:
    data = {
        "ssh_hostname": "h",
        "ssh_port": 2222,
        "ssh_user": "u",
        "ssh_key": "k",
        "ssh_known_hosts_file": "pins",
        "ssh_config_file": "cfg",
        "ssh_forward_agent": True,
    }
    argv = of_data("name", data, 7).argv
    line = " ".join(argv)
    for part in (
        "-F cfg",
        "-i k",
        "-o IdentitiesOnly=yes",
        "-o UserKnownHostsFile=pins",
        "-o GlobalKnownHostsFile=none",
        "-p 2222",
        "-l u",
        "-A",
        "-o ConnectTimeout=7",
        "-o StrictHostKeyChecking=yes",
        "-o BatchMode=yes",
    ):
        assert part in line
    assert argv[-2:] == ("--", "h")
    assert of_data("name", {}, 7).argv[-1] == "name"


def test_jump_hosts_stand_in_one_another_under_the_same_rules() -> None:
    argv = of_data("h", {"ssh_proxy_jump": "u@one,two:2200", "ssh_known_hosts_file": "pins"}, 7).argv
    (option,) = [part for part in argv if part.startswith("ProxyCommand=")]
    # ssh puts its own host and port in for %h and %p, and a single % for each two.
    outer = shlex.split(option.removeprefix("ProxyCommand=").replace("%%", "\0").replace("%h", "h").replace("%p", "22"))
    assert outer[-5:] == ["2200", "-W", "[h]:22", "--", "two"]
    assert "StrictHostKeyChecking=yes" in outer
    (inner_option,) = [part for part in outer if part.startswith("ProxyCommand=")]
    inner = shlex.split(inner_option.removeprefix("ProxyCommand=").replace("\0h", "two").replace("\0p", "2200"))
    assert inner[-4:] == ["-W", "[two]:2200", "--", "u@one"]
    assert "StrictHostKeyChecking=yes" in inner
    assert "UserKnownHostsFile=pins" in inner


@pytest.mark.parametrize("key", ["ssh_password", "ssh_key_password", "ssh_paramiko_connect_kwargs"])
def test_what_openssh_cannot_be_given_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=key):
        of_data("h", {key: {"x": "y"}}, 7)


def made(arguments: dict[str, object], askpass: dict[str, str] | None = None) -> tuple[str, dict[str, str]]:
    command, environment = unix_command(StringCommand("id"), arguments, askpass or {})
    return command.get_raw_value(), environment


def test_a_plain_command_needs_no_shell_of_its_own() -> None:
    assert made({}) == ("id", {})
    assert made({"_env": {"A": "b c"}, "_chdir": "/tmp"})[0] == "cd /tmp && export 'A=b c' && id"
    assert made({"_shell_executable": "bash"})[0] == "bash -c id"
    assert made({"_sudo": True})[0] == "sudo -H -n sh -c id"
    assert made({"_doas": True, "_doas_user": "x"})[0] == "doas -n -u x sh -c id"


def test_a_password_stands_beside_the_command_and_never_in_it() -> None:
    text, environment = made({"_sudo": True, "_sudo_password": "tiger"}, {"sudo": "/tmp/ask"})
    assert text == "sudo -H -A -k sh -c id"
    assert environment == {"SUDO_ASKPASS": "/tmp/ask", "PYINFRA_SUDO_PASSWORD": "tiger"}
    text, environment = made({"_su_user": "x", "_su_password": "tiger"}, {"su": "/tmp/ask"})
    assert text == "{ /tmp/ask && cat; } | { unset PYINFRA_SU_PASSWORD && su x -c 'sh -c id' ; }"
    assert environment == {"PYINFRA_SU_PASSWORD": "tiger"}
    assert "tiger" not in repr(Command(text, environment=environment))
    assert passwords_wanted({"_sudo": True, "_sudo_password": ""}) == ()
    assert passwords_wanted({"_sudo_password": "unused"}) == ()
