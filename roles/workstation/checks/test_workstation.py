"""What must be so on a reading station: asked of what runs, not of what was written."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

from builder.probes.observed import differences, more_and_less

Variables = dict[str, Any]
Record = Callable[[str, object], None]  # what a met check saw, for its evidence
UNITS = ("pacsmith-screen", "pacsmith-displays", "pacsmith-session", "pacsmith-viewer")
READING = "/run/pacsmith-screen/reading"
NOBODY = "nobody has logged in: the viewer and its listener come with a login"
_SCREEN = "env DISPLAY=:0 XAUTHORITY=/run/pacsmith-screen/authority"


def _says(host: Host, command: str) -> str:
    """Output of a command that must succeed."""
    answer = host.run(command)
    said = answer.stderr.strip() or answer.stdout.strip() or f"exit code {answer.rc}"
    assert answer.rc == 0, f"the host has no answer to {command.split(maxsplit=1)[0]}: {said}"
    return str(answer.stdout).strip()


def _somebody_reads(host: Host, variables: Variables) -> bool:
    """Whether the viewer is due: always without a login screen, else from a login to its end."""
    return bool(variables["auto_login"]) or host.run(f"test -e {READING}").rc == 0


def test_screen_session_and_viewer_run(host: Host, variables: Variables, record_property: Record) -> None:
    """The screen and its layout are up; on it the reader's session and viewer, as the reader, or a login screen and no
    viewer."""
    reads = _somebody_reads(host, variables)
    units = UNITS if variables["auto_login"] else (*UNITS[:2], UNITS[3])
    said = _says(host, f"systemctl show -p Id,ActiveState,User -- {' '.join(units)}")
    found = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in said.split("\n\n")]
    found_states = {unit["Id"].removesuffix(".service"): unit["ActiveState"] for unit in found}
    wanted = dict.fromkeys(units, "active") | ({} if reads else {"pacsmith-viewer": "inactive"})
    assert found_states == wanted, f"{differences(found_states, wanted)}; systemctl status NAME says why"
    if not variables["auto_login"]:
        shown = ("openbox", variables["reader"]) if reads else ("lightdm-gtk-gre", "lightdm")
        running = [line.split() for line in _says(host, "ps -eo comm=,user=").splitlines()]
        assert [*shown] in running, f"{shown[0]} of {shown[1]} does not run; systemctl status pacsmith-screen"
    record_property("observed", "somebody reads" if reads else "the login screen is shown, and no viewer")
    ours = {
        unit["Id"]: unit["User"] for unit in found if unit["Id"].startswith(("pacsmith-session", "pacsmith-viewer"))
    }
    strange = [f"{name} runs as {user or 'root'}" for name, user in ours.items() if user != variables["reader"]]
    assert not strange, f"{', '.join(strange)}, not as {variables['reader']}; run pacsmith build"


def test_searches_are_kept_nowhere(host: Host, record_property: Record) -> None:
    """What the viewer prints, each search with its patient's name, goes into no journal."""
    said = _says(host, "systemctl show -p StandardOutput,StandardError pacsmith-viewer").split()
    assert said == ["StandardOutput=null", "StandardError=null"], f"{', '.join(said)}; run pacsmith build"
    kept = host.run("journalctl -b -q --no-pager -u pacsmith-viewer | grep -cE '\\(0010,0010\\) PN'").stdout.strip()
    assert kept == "0", (
        f"{kept} searches are in the journal; journalctl --rotate --vacuum-time=1s removes what it holds"
    )
    record_property("observed", "no search in the journal since the last start")


def test_displays_lie_as_the_site_says(host: Host, variables: Variables, record_property: Record) -> None:
    """Each display of the site shows its own mode at its own place, from left to right, and one is primary."""
    said = _says(host, f"{_SCREEN} xrandr --listmonitors")
    found = {
        (int(width), int(height), int(left), int(top)): "*" in marks
        for marks, width, height, left, top in re.findall(
            r"^ *\d+: (\+?\*?)\S+ (\d+)/\d+x(\d+)/\d+\+(\d+)\+(\d+)", said, re.MULTILINE
        )
    }
    wanted, left = {}, 0
    for display in variables["displays"]:
        width, height = map(int, display["mode"].split("x"))
        if display["orientation"] in ("left", "right"):
            width, height = height, width
        wanted[width, height, left, 0] = display["primary"]
        left += width
    record_property("observed", ", ".join(f"{w}x{h} at {x},{y}" for w, h, x, y in found))
    assert found == wanted, (
        f"displays on the screen: {more_and_less(found, wanted)}; journalctl -u pacsmith-displays says why"
    )


def test_displays_are_turned_as_they_hang(host: Host, variables: Variables, record_property: Record) -> None:
    """Each picture is turned as the site says."""
    lines = [
        line for line in _says(host, f"{_SCREEN} xrandr").splitlines() if re.search(r" connected .*\d+x\d+\+", line)
    ]
    turns = "normal|left|inverted|right"
    placed = [re.search(rf"(\d+)x(\d+)\+(\d+)\+\d+(?: ({turns})\b)?", line) for line in lines]
    by_place = sorted((int(one[3]), one[4] or "normal") for one in placed if one)
    found, wanted = [turn for _, turn in by_place], [display["orientation"] for display in variables["displays"]]
    record_property("observed", ", ".join(found))
    assert found == wanted, (
        f"from left to right the displays are turned {', '.join(found) or 'not at all'}, not {', '.join(wanted)}; "
        "journalctl -u pacsmith-displays says why"
    )


def test_screen_never_goes_dark(host: Host) -> None:
    """Neither the screen saver of X.org nor the panels' saving of energy (DPMS) ever makes the screen dark."""
    said = _says(host, f"{_SCREEN} xset q")
    timeout = re.search(r"timeout: +(\d+)", said)
    assert timeout, "xset does not tell the screen saver's time; systemctl status pacsmith-screen"
    assert timeout[1] == "0", f"the screen goes dark after {timeout[1]} s; run pacsmith build"
    assert "DPMS is Enabled" not in said, "the panels may save energy (DPMS is on); run pacsmith build"


def test_screen_is_the_readers_alone(host: Host) -> None:
    """Another account of the host can neither see the screen nor type on it."""
    said = host.run("runuser -u nobody -- env DISPLAY=:0 xset q")
    assert said.rc != 0, "the account nobody can use the reader's screen; run pacsmith build"


def test_depth(host: Host, variables: Variables) -> None:
    """The screen has the bits a pixel that the site says."""
    said = _says(host, f"{_SCREEN} xset q >/dev/null; sed -n 's/.*Depth \\([0-9]*\\),.*/\\1/p' /var/log/Xorg.0.log")
    depths = set(said.split())
    assert depths == {str(variables["depth"])}, f"X.org says depth {' '.join(sorted(depths)) or 'nothing'}"


def test_reader_has_no_rights(host: Host, variables: Variables) -> None:
    """The reader's account has no shell, no group but its own and no sudo, and a password for a login screen only."""
    name = variables["reader"]
    shell = _says(host, f"getent passwd {name}").split(":")[-1]
    groups = _says(host, f"id -nG {name}").split()
    password = _says(host, f"passwd -S {name}").split()[1]
    may = [line.strip() for line in _says(host, f"sudo -n -l -U {name} || true").splitlines()]
    sudo = "nothing" if any("is not allowed to run sudo" in line for line in may) else " ".join(may[-1:])
    found = {"shell": shell, "groups": " ".join(groups), "password": password, "sudo": sudo}
    wanted = {"shell": "/usr/sbin/nologin", "groups": name, "sudo": "nothing"}
    wanted["password"] = "L" if variables["auto_login"] else "P"
    assert found == wanted, f"account {name}: {differences(found, wanted)}; run pacsmith build"


def test_viewer_listens(host: Host, variables: Variables) -> None:
    """Aeskulap itself listens on the port of the station's AE (it takes associations while it fetches, at no other
    time)."""
    if not _somebody_reads(host, variables):
        pytest.skip(NOBODY)
    said = _says(host, f"ss -Hltnp 'sport = :{variables['dicom_port']}'")
    assert '"aeskulap"' in said, (
        f"on port {variables['dicom_port']} listens {said or 'nobody'}; systemctl status pacsmith-viewer"
    )


def test_viewer_answers_that_it_took_an_image(host: Host, variables: Variables) -> None:
    """Aeskulap runs with the correction of its answers to the archive, without which it gets one image of a series."""
    if not _somebody_reads(host, variables):
        pytest.skip(NOBODY)
    said = _says(host, "cat /proc/$(pidof -s aeskulap)/maps")
    assert "/aeskulap_answers." in said, "Aeskulap runs without the correction of its answers; run pacsmith build"


def test_viewer_knows_the_archives(host: Host, variables: Variables) -> None:
    """Aeskulap's settings name the station's own AE and every archive that a route lets it search and fetch from."""
    reader = f"runuser -u {variables['reader']} -- env HOME=/home/{variables['reader']} GSETTINGS_BACKEND=memory"
    keys = ("local-aet", "local-port", "server-aet", "server-hostname", "server-port")
    found = {key: _says(host, f"{reader} gsettings get org.gnu.aeskulap {key}") for key in keys}
    archives = variables["archives"]
    wanted = {
        "local-aet": _text(variables["ae_title"]),
        "local-port": str(variables["dicom_port"]),
        "server-aet": _texts([archive["title"] for archive in archives]),
        "server-hostname": _texts([archive["address"] for archive in archives]),
        "server-port": _texts([str(archive["port"]) for archive in archives]),
    }
    assert found == wanted, f"Aeskulap's settings: {differences(found, wanted)}; run pacsmith build"


def test_usb_storage(host: Host, variables: Variables) -> None:
    """USB sticks and disks are let in or kept out as the site says."""
    said = _says(host, "cat /etc/modprobe.d/*.conf | grep -cE '^install (usb-storage|uas) /bin/false$' || true")
    kept_out = int(said) == 2
    wanted = not variables["usb_storage"]
    loaded = re.findall(r"^(?:usb_storage|uas) ", _says(host, "cat /proc/modules || true"), re.MULTILINE)
    assert not (wanted and loaded), "USB storage is kept out from the next start on, but its driver is loaded; restart"
    assert kept_out == wanted, f"USB storage is {'kept out' if kept_out else 'let in'}; run pacsmith build"


def _text(value: str) -> str:
    """A string as GVariant prints it."""
    return json.dumps(value) if "'" in value else f"'{value}'"


def _texts(values: list[str]) -> str:
    return f"[{', '.join(map(_text, values))}]" if values else "@as []"
