"""Every file of the role, as it should stand on the host, in the groups that a service depends on (pure)."""

import json
from importlib import resources
from pathlib import Path, PurePosixPath

from builder.engines.files import DirectorySpec, FileSpec, LinkSpec, Spec
from builder.engines.template import render

from . import keys, policies, screen
from .variables import Variables

LIBRARY = "/usr/local/lib/pacsmith"
SETTINGS = "/etc/pacsmith"
UNITS = "/etc/systemd/system"
POLICIES = "/etc/chromium/policies"
POLICY_FILE = "pacsmith.json"
HOME = "/run/pacsmith-kiosk"  # /run is memory; systemd makes the folder for a session and removes it with its end
X_UNIT, KIOSK_UNIT = "pacsmith-x.service", "pacsmith-kiosk.service"
DISPLAYS_UNIT = "pacsmith-displays.service"
# One program lays out a reading station's displays and a thin client's; it knows nothing of either.
LAYOUT = Path(str(resources.files("roles.workstation"))) / "files" / "display_layout.py"
ACCOUNT = "/etc/sysusers.d/pacsmith-kiosk.conf"


def _text(template: str, variables: Variables, **values: object) -> str:
    return render(__file__, f"{template}.j2", v=variables, library=LIBRARY, home=HOME, **values)


def account_files(variables: Variables) -> list[Spec]:
    """The user in whose name the browser runs: no password, no shell, no home but a session's."""
    return [FileSpec(ACCOUNT, f'u {variables.user} - "Kiosk" {HOME} /usr/sbin/nologin\n')]


def console_files() -> list[Spec]:
    """No login at the keyboard, and no restart by it: what is masked can't be started."""
    masked = ("getty@.service", "autovt@.service", "ctrl-alt-del.target")
    return [
        *(LinkSpec(f"{UNITS}/{unit}", "/dev/null") for unit in masked),
        FileSpec("/etc/systemd/logind.conf.d/pacsmith.conf", "[Login]\nNAutoVTs=0\nReserveVT=0\n"),
    ]


def x_files(variables: Variables) -> list[Spec]:
    """The X server: its settings and its unit; the displays in it, laid out by their identity."""
    displays = [display.model_dump(mode="json") for display in variables.displays]
    return [
        FileSpec(f"{LIBRARY}/{LAYOUT.name}", LAYOUT.read_text("utf-8"), mode="755"),
        FileSpec(f"{SETTINGS}/displays.json", json.dumps(displays, indent=1, sort_keys=True) + "\n"),
        FileSpec(f"{UNITS}/{DISPLAYS_UNIT}", _text("displays.service", variables, layout=LAYOUT.name)),
        FileSpec("/etc/X11/pacsmith.conf", _text("xorg.conf", variables, lines=screen.modelines(variables.displays),
                                                 virtual=screen.virtual(variables.displays))),
        FileSpec(f"{UNITS}/{X_UNIT}", _text("x.service", variables)),
    ]  # fmt: skip


def policy_files(variables: Variables, ca_pem: str) -> list[Spec]:
    """What the browser may do: mandatory for everybody who starts it on this host."""
    wanted = policies.policies(variables.origin, ca_pem)
    return [
        DirectorySpec(str(PurePosixPath(POLICIES))),
        DirectorySpec(f"{POLICIES}/managed"),
        DirectorySpec(f"{POLICIES}/recommended"),
        FileSpec(f"{POLICIES}/managed/{POLICY_FILE}", json.dumps(wanted, indent=1, sort_keys=True) + "\n"),
    ]


def session_files(variables: Variables) -> list[Spec]:
    """The session: what it starts, what watches it, whom it may speak to, and its unit."""
    return [
        FileSpec(f"{SETTINGS}/openbox.xml", _text("openbox.xml", variables, keys=keys.TAKEN)),
        FileSpec(f"{LIBRARY}/kiosk-session", _text("kiosk-session", variables), mode="755"),
        FileSpec(f"{LIBRARY}/kiosk-watch", _text("kiosk-watch", variables), mode="755"),
        FileSpec(f"{SETTINGS}/kiosk.nft", _text("kiosk.nft", variables), validate="nft -c -f %s"),
        FileSpec(f"{UNITS}/{KIOSK_UNIT}", _text("kiosk.service", variables, settings=SETTINGS)),
    ]
