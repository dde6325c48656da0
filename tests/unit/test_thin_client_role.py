"""The role `thin_client` before it touches a host: its variables, its policies, its texts."""

import json
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from builder.engines.files import FileSpec, LinkSpec, Spec
from builder.errors import BadInput
from builder.models.display import Display
from builder.models.site import Site
from roles.thin_client import files, keys, policies, screen
from roles.thin_client.checks import test_thin_client as checks
from roles.thin_client.variables import PACKAGES, Variables
from tests.unit.site_parts import host, site_of

GOLDEN = Path(__file__).parent / "golden" / "thin_client"
REWRITE = "PACSMITH_REWRITE_GOLDEN"
CA = "-----BEGIN CERTIFICATE-----\nTUlJ\nQ0E=\n-----END CERTIFICATE-----\n"
PANEL = {"name": "only", "maker": "EIZ", "product": "2334", "mode": "1920x1080", "primary": True}


def site(*, web_port: int = 443, viewer: bool = True, **settings: Any) -> Site:
    archive = host(1)
    archive["archive"] |= {"web_port": web_port} | (
        {"viewer": {"product": "ohif", "version": "3.12.10"}} if viewer else {}
    )
    client = {key: value for key, value in host(2).items() if key not in ("ae", "archive")} | {
        "name": "ward7",
        "class": "thin_client",
        "product": {"id": "chromium-kiosk", "version": "150"},
        "thin_client": {"archive": "arc1", "graphics": "dummy", "displays": [PANEL]} | settings,
    }
    return site_of([archive, client], routes=[{"from": "ward7", "to": "arc1", "may": ["qido", "wado"]}])


def variables(**settings: Any) -> Variables:
    made = site(**settings)
    return Variables.of(made, made.hosts[1])


def texts(mine: Variables) -> dict[str, str]:
    specs: list[Spec] = [
        *files.account_files(mine),
        *files.console_files(),
        *files.x_files(mine),
        *files.policy_files(mine, CA),
        *files.session_files(mine),
    ]
    return {spec.path: spec.data.decode() for spec in specs if isinstance(spec, FileSpec)}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/etc/X11/pacsmith.conf", "screen_without_a_panel.conf"),
        ("/etc/chromium/policies/managed/pacsmith.json", "policies_of_the_kiosk.json"),
        ("/etc/systemd/system/pacsmith-kiosk.service", "session_of_the_kiosk.service"),
        ("/usr/local/lib/pacsmith/kiosk-session", "session_without_a_panel.sh"),
    ],
)
def test_text(path: str, name: str) -> None:
    """Compare with the golden file; with PACSMITH_REWRITE_GOLDEN=1 write it."""
    found = texts(variables())[path]
    if os.environ.get(REWRITE) == "1":
        GOLDEN.mkdir(parents=True, exist_ok=True)
        (GOLDEN / name).write_text(found)
    assert found == (GOLDEN / name).read_text()


def test_every_golden_file_is_compared() -> None:
    assert len(list(GOLDEN.iterdir())) == 4


def test_variables_survive_the_way_through_json() -> None:
    mine = variables()
    assert Variables.model_validate_json(mine.model_dump_json()) == mine
    assert set(PACKAGES) < set(mine.packages)


def test_the_archives_address_is_written_as_a_browser_writes_it() -> None:
    assert variables().origin == "https://arc1.g.example"
    assert variables(web_port=8443).origin == "https://arc1.g.example:8443"


def test_the_kiosks_user_may_speak_to_the_archives_web_door_and_to_nothing_else() -> None:
    made = texts(variables(web_port=8443, user="ward"))
    rules = [line.strip() for line in made["/etc/pacsmith/kiosk.nft"].splitlines() if line.startswith("        ")]
    assert [rule for rule in rules if not rule.startswith("#")][1:] == [
        'meta skuid "ward" goto kiosk',
        f"ip daddr {site().hosts[0].address} tcp dport 8443 accept",
        "reject with icmpx type admin-prohibited",
    ]
    assert (
        "ExecStartPre=+/usr/sbin/nft -f /etc/pacsmith/kiosk.nft\n" in made["/etc/systemd/system/pacsmith-kiosk.service"]
    )


def test_an_archive_without_a_viewer_is_refused() -> None:
    with pytest.raises(BadInput, match=r"thin_client\.archive is arc1, which serves no web viewer; name one that does"):
        variables(viewer=False)
    made = site()
    with pytest.raises(BadInput, match="hosts/arc1: role thin_client needs `thin_client`"):
        Variables.of(made, made.hosts[0])


def test_one_address_is_allowed_and_nothing_else_not_even_a_path_of_it() -> None:
    said = policies.policies("https://arc1.g.example", CA)
    assert said["URLAllowlist"] == ["https://arc1.g.example"]
    assert said["URLBlocklist"] == ["*", "chrome://*", "devtools://*", "file://*", "javascript://*", "view-source:*"]


def test_every_certificate_of_the_ca_is_trusted_and_nothing_but_its_body() -> None:
    assert policies.policies("https://a.example", CA + CA.replace("TUlJ", "T1Ro"))["CACertificates"] == [
        "TUlJQ0E=",
        "T1RoQ0E=",
    ]


def test_the_sandbox_is_never_switched_off_and_no_debugger_is_let_in() -> None:
    for path, text in texts(variables()).items():
        assert not re.search(r"--no-sandbox|--disable-setuid-sandbox|--remote-debugging", text), path


def test_only_a_screen_without_a_panel_draws_in_software() -> None:
    drawn, shown = texts(variables()), texts(variables(graphics="automatic"))
    session, x = "/usr/local/lib/pacsmith/kiosk-session", "/etc/X11/pacsmith.conf"
    assert "swiftshader" in drawn[session]
    assert "swiftshader" not in shown[session]
    assert 'Driver "dummy"' in drawn[x]
    assert "Driver" not in shown[x]
    assert "vt7" in shown["/etc/systemd/system/pacsmith-x.service"]
    assert "xserver-xorg-video-dummy" not in variables(graphics="automatic").packages


def test_idle_minutes_are_the_sites() -> None:
    unit = texts(variables(lock_after_minutes=3))["/etc/systemd/system/pacsmith-kiosk.service"]
    assert "PACSMITH_IDLE_SECONDS=180\n" in unit


def test_a_key_of_the_window_manager_does_nothing_and_there_is_no_menu() -> None:
    root = ElementTree.fromstring(texts(variables())["/etc/pacsmith/openbox.xml"])
    actions = {element.get("name") for element in root.iter() if element.tag.endswith("}action")}
    assert actions == {"Focus", "Raise", "BreakChroot"}
    bound = [element for element in root.iter() if element.tag.endswith("}keybind")]
    assert [element.get("key") for element in bound] == list(keys.TAKEN)
    assert {action.get("name") for element in bound for action in element} == {"BreakChroot"}
    assert len(set(keys.TAKEN)) == len(keys.TAKEN)


def test_what_lays_the_displays_out_is_the_reading_stations_own_program() -> None:
    found = texts(variables())
    assert found["/usr/local/lib/pacsmith/display_layout.py"] == files.LAYOUT.read_text()
    unit = found["/etc/systemd/system/pacsmith-displays.service"]
    assert "ExecStart=/usr/bin/python3 -I /usr/local/lib/pacsmith/display_layout.py /etc/pacsmith/displays.json" in unit
    said = json.loads(found["/etc/pacsmith/displays.json"])
    assert [(one["maker"], one["product"], one["serial"]) for one in said] == [("EIZ", "2334", None)]


def test_what_is_masked_leads_nowhere() -> None:
    links = {spec.path: spec.target for spec in files.console_files() if isinstance(spec, LinkSpec)}
    assert set(links.values()) == {"/dev/null"}
    assert "/etc/systemd/system/getty@.service" in links


def test_a_mode_keeps_to_the_clock_of_the_driver() -> None:
    panels = [Display(name=f"p{n}", maker="EIZ", product="2334", serial=str(n), mode=mode)
              for n, mode in enumerate(("1280x1024", "3840x2160", "1280x1024"))]  # fmt: skip
    lines = screen.modelines(panels)
    assert [line.split()[1] for line in lines] == ['"3840x2160"', '"1280x1024"']
    assert all(float(line.split()[2]) <= 300 for line in lines)
    assert screen.virtual(panels) == "6400 2160"


def test_checks_name_what_the_role_writes() -> None:
    assert (checks.HOME, checks.POLICIES, checks.UNITS) == (
        files.HOME,
        files.POLICIES,
        (files.X_UNIT, files.KIOSK_UNIT),
    )
    assert f"exec {checks.BROWSER} " in texts(variables())["/usr/local/lib/pacsmith/kiosk-session"]


def test_the_policies_are_json_without_a_secret() -> None:
    said = json.loads(texts(variables())["/etc/chromium/policies/managed/pacsmith.json"])
    assert said["RemoteDebuggingAllowed"] is False
    assert said["DeveloperToolsAvailability"] == 2
