"""What must be so on a thin client: asked of the processes that run, not of what was written."""

import json
import re
import shlex
from collections.abc import Callable
from typing import Any

from testinfra.host import Host

from builder.probes.observed import differences, more_and_less

Variables = dict[str, Any]
Record = Callable[[str, object], None]  # what a met check saw, for its evidence
# What the role writes; the role's own modules cannot be imported from here.
HOME, POLICIES, BROWSER = "/run/pacsmith-kiosk", "/etc/chromium/policies", "/usr/lib/chromium/chromium"
UNITS = ("pacsmith-x.service", "pacsmith-kiosk.service")
# One connection after another, and what became of it: "open", or the error's name.
_KNOCK = """
import errno, json, socket, sys
def knock(address, port):
    try:
        socket.create_connection((address, port), 5).close()
    except OSError as fault:
        return errno.errorcode.get(fault.errno, type(fault).__name__)
    return "open"
print(json.dumps([knock(*door) for door in json.loads(sys.argv[1])]))
"""
_REFUSED_HERE = "EHOSTUNREACH"  # what connect() says when the machine's own filter rejects as admin-prohibited (IPv4)
_SCREEN = "env DISPLAY=:0 XAUTHORITY=/run/pacsmith-x/authority"
_WINDOWS = """
from Xlib import X, display
server = display.Display(":0")
root = server.screen().root
primary = root.xrandr_get_output_primary().output
resources = root.xrandr_get_screen_resources_current()
outputs = [(output, server.xrandr_get_output_info(output, resources.config_timestamp)) for output in resources.outputs]
showing = [(output, info.crtc) for output, info in outputs if info.crtc]
crtc = next((crtc for output, crtc in showing if output == primary), showing[0][1])
screen = server.xrandr_get_crtc_info(crtc, resources.config_timestamp)
for number in root.get_full_property(server.intern_atom("_NET_CLIENT_LIST"), X.AnyPropertyType).value:
    window = server.create_resource_object("window", number)
    shape, at = window.get_geometry(), root.translate_coords(window, 0, 0)
    print(shape.width, shape.height, at.x, at.y, screen.width, screen.height, screen.x, screen.y)
"""


def _says(host: Host, command: str) -> str:
    """Output of a command that must succeed."""
    answer = host.run(command)
    said = answer.stderr.strip() or answer.stdout.strip() or f"exit code {answer.rc}"
    assert answer.rc == 0, f"the host has no answer to {command.split(maxsplit=1)[0]}: {said}"
    return str(answer.stdout).strip()


def _processes(host: Host) -> list[dict[str, str]]:
    """Every process of the browser: pid, user, arguments, and what its kernel status says of its sandbox."""
    script = (
        f"for exe in $(find /proc/[0-9]*/exe -lname {BROWSER} 2>/dev/null); do p=${{exe%/exe}}; "
        "echo $(basename $p) $(stat -c %U $p) $(sed -n 's/^Seccomp:[[:space:]]*//p; s/^NoNewPrivs:[[:space:]]*//p' "
        "$p/status | tr '\\n' ' ') $(readlink $p/ns/user) $(tr '\\0' ' ' < $p/cmdline); done"
    )
    found = []
    for line in _says(host, script).splitlines():
        pid, user, privileges, seccomp, namespace, arguments = [*line.split(maxsplit=5), ""][:6]
        found.append({"pid": pid, "user": user, "no_new": privileges, "seccomp": seccomp, "ns": namespace,
                      "arguments": arguments})  # fmt: skip
    assert found, "no browser runs; see journalctl -u pacsmith-kiosk, then run pacsmith build"
    return found


def test_session_runs(host: Host, record_property: Record) -> None:
    """The X server and the browser's session run, begin at boot, and the browser's window answers its watchdog."""
    for unit in UNITS:
        said = _says(host, f"systemctl show -p ActiveState,SubState,UnitFileState,NRestarts,WatchdogUSec {unit}")
        found = dict(line.partition("=")[::2] for line in said.splitlines())
        wanted = {"ActiveState": "active", "SubState": "running", "UnitFileState": "enabled"}
        running = {name: found[name] for name in wanted}
        assert running == wanted, f"{unit}: {differences(running, wanted)}; run pacsmith build"
    assert found["WatchdogUSec"] == "1min", f"the browser is watched every {found['WatchdogUSec']}, not every minute"
    record_property("observed", f"running, watched, restarted {found['NRestarts']} times")


def test_browser_is_an_ordinary_user(host: Host, variables: Variables) -> None:
    """Every process of the browser runs in the name of the site's user, who has no shell and is in no other group."""
    user = variables["user"]
    others = sorted({process["user"] for process in _processes(host)} - {user})
    assert not others, f"processes of the browser run as {', '.join(others)}, not as {user}; run pacsmith build"
    account = _says(host, f"getent passwd {user}; id -nG {user}").splitlines()
    assert account[0].endswith(f":{HOME}:/usr/sbin/nologin"), f"{user} has a shell or another home: {account[0]}"
    assert account[1].split() == [user], f"{user} is in the groups {account[1]}; take it out of all but its own"


def test_sandbox_is_on(host: Host, record_property: Record) -> None:
    """What handles pages runs in the sandbox: system calls filtered, no new rights, a namespace of its own."""
    processes = _processes(host)
    open_ones = [process["pid"] for process in processes if "--no-sandbox" in process["arguments"]]
    assert not open_ones, f"processes {', '.join(open_ones)} run with --no-sandbox; run pacsmith build"
    main = next(process for process in processes if "--type=" not in process["arguments"])
    pages = [process for process in processes if "--type=renderer" in process["arguments"]]
    assert pages, "no process handles a page; see journalctl -u pacsmith-kiosk"
    for page in pages:
        found = {name: page[name] for name in ("seccomp", "no_new")} | {"own namespace": page["ns"] != main["ns"]}
        wanted = {"seccomp": "2", "no_new": "1", "own namespace": True}
        assert found == wanted, f"process {page['pid']}: {differences(found, wanted)}"
    record_property(
        "observed", f"{len(pages)} processes for pages: Seccomp 2, NoNewPrivs 1, user namespaces of their own"
    )


def test_policies_are_ours(host: Host, variables: Variables, record_property: Record) -> None:
    """The browser reads our policies and no others, may go to the archive alone, and knows every policy by its name."""
    files = _says(host, f"find {POLICIES} -mindepth 1 ! -type d").split()
    ours = f"{POLICIES}/managed/pacsmith.json"
    assert files == [ours], f"policies in {POLICIES}: {more_and_less(files, [ours])}; run pacsmith build"
    policies = json.loads(_says(host, f"cat {ours}"))
    assert policies["URLAllowlist"] == [variables["origin"]], "the addresses allowed are others; run pacsmith build"
    assert policies["URLBlocklist"][:1] == ["*"], "not every other address is blocked; run pacsmith build"
    known = set(_says(host, f"grep -aoFw {' '.join(f'-e {name}' for name in policies)} {BROWSER} | sort -u").split())
    unknown = sorted(set(policies) - known)
    assert not unknown, f"this Chromium does not know {', '.join(unknown)} and passes over it; correct the role"
    record_property("observed", f"{len(policies)} policies, each known to this Chromium; {variables['origin']} alone")


def test_browser_speaks_to_its_archive_alone(host: Host, variables: Variables, record_property: Record) -> None:
    """In the browser's name a connection to the archive's web door comes about, and one to any other door is refused
    by this machine itself, whatever a page or a person may ask the browser for."""
    door = (variables["archive_address"], variables["archive_port"])
    others = [(variables["archive_address"], 22), ("192.0.2.1", 443), ("127.0.0.1", 22)]
    script = f"runuser -u {variables['user']} -- python3 -I -c {shlex.quote(_KNOCK)}"
    said = json.loads(_says(host, f"{script} {shlex.quote(json.dumps([door, *others]))}"))
    assert said[0] == "open", f"{door[0]} port {door[1]}, the archive's web door: {said[0]}; is the archive up?"
    wrong = {f"{address}:{port}": found for (address, port), found in zip(others, said[1:], strict=True)
             if found != _REFUSED_HERE}  # fmt: skip
    assert not wrong, f"not refused by this machine: {wrong}; systemctl restart pacsmith-kiosk loads its filter"
    record_property("observed", f"{door[0]}:{door[1]} open; {', '.join(f'{a}:{p}' for a, p in others)} refused here")


def test_nothing_is_left_on_a_disk(host: Host, variables: Variables) -> None:
    """The user's home is memory, made for the session and its own alone; no file on a disk belongs to the user."""
    found = _says(host, f"stat -f -c %T {HOME}; stat -c '%a %U' {HOME}").splitlines()
    wanted = ["tmpfs", f"700 {variables['user']}"]
    assert found == wanted, f"{HOME} is {', '.join(found)}; it should be {', '.join(wanted)}; run pacsmith build"
    left = _says(host, f"find / -xdev -user {variables['user']} 2>/dev/null || true").split("\n")
    assert left == [""], f"on a disk and {variables['user']}'s: {', '.join(left[:5])}; remove it"


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
    assert found == wanted, (
        f"displays on the screen: {more_and_less(found, wanted)}; journalctl -u pacsmith-displays says why"
    )
    record_property("observed", ", ".join(f"{w}x{h} at {x},{y}" for w, h, x, y in found))


def test_window_covers_the_primary_display(host: Host, record_property: Record) -> None:
    """The browser's one window covers the primary display; there is no other window."""
    said = _says(host, f"{_SCREEN} python3 -c {shlex.quote(_WINDOWS)}").splitlines()
    assert len(said) == 1, f"{len(said)} windows are open, not one; see journalctl -u pacsmith-kiosk"
    numbers = list(map(int, said[0].split()))
    (width, height, left, top), display = numbers[:4], numbers[4:]
    assert [width, height, left, top] == display, (
        f"the window is {width}x{height} at {left},{top}, the display {display[0]}x{display[1]} at "
        f"{display[2]},{display[3]}; see journalctl -u pacsmith-kiosk"
    )
    record_property("observed", f"{width}x{height}, from edge to edge")


def test_no_login_at_the_keyboard(host: Host) -> None:
    """Nobody can log in at a console of this machine: none waits, and none can be started."""
    waiting = _says(host, "systemctl list-units --no-legend --plain --state=active 'getty@*.service' || true")
    assert not waiting, f"a login waits at {waiting.split()[0]}; run pacsmith build"
    masked = _says(host, "systemctl show -p LoadState --value getty@tty1.service ctrl-alt-del.target").split()
    assert masked == ["masked", "masked"], "a console can be started again; run pacsmith build"
