"""What systemd and dpkg said, and what follows from it."""

import subprocess

from builder.engines.apt import LOG, install_script, missing, query_script, repair_script
from builder.engines.units import Unit, brought_by_package, parse_units, show_script, systemctl_lines, wanted_verbs

UP = Unit("nginx", "active", "enabled")


def verbs(unit: Unit, **more: bool) -> tuple[str, ...]:
    wanted = {"enabled": True, "running": True, "restart": False, "reload": False, **more}
    return wanted_verbs(unit, **wanted)


def test_units_are_told_apart_by_their_place() -> None:
    first = "ActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=yes\n"
    said = f"{first}\nActiveState=inactive\nUnitFileState=\nNeedDaemonReload=no\n"
    found = parse_units(("nginx", "nothing"), said)
    assert found == {
        "nginx": Unit("nginx", "active", "enabled", stale=True),
        "nothing": Unit("nothing", "inactive", ""),
    }
    assert show_script(("a", "b@1")).endswith(" -- a b@1")


def test_a_unit_as_wanted_is_left_alone() -> None:
    assert verbs(UP) == ()
    assert verbs(Unit("ssh", "active", "static")) == ()
    assert verbs(Unit("x", "inactive", "disabled"), enabled=False, running=False) == ()


def test_what_a_unit_needs() -> None:
    assert verbs(Unit("nginx", "inactive", "disabled")) == ("enable", "start")
    assert verbs(Unit("nginx", "failed", "enabled")) == ("start",)
    assert verbs(UP, restart=True, reload=True) == ("restart",)
    assert verbs(UP, reload=True) == ("reload-or-restart",)
    assert verbs(Unit("nginx", "inactive", "enabled"), reload=True) == ("start",), "a start reads everything anew"
    assert verbs(UP, enabled=False, running=False, restart=True) == ("disable", "stop")


def test_one_call_a_verb() -> None:
    lines = systemctl_lines({"a": ("enable", "start"), "b": ("restart",), "c": ("enable", "start")})
    assert lines == ["systemctl enable --quiet a c", "systemctl start a c", "systemctl restart b"]


def test_missing_packages_are_those_that_are_not_whole() -> None:
    said = "chrony installed\nnftables half-configured\nold config-files\n"
    assert missing(("chrony", "nftables", "old", "new", "new"), said) == ("nftables", "old", "new")


def test_scripts_are_shell() -> None:
    """Text that no shell can read would fail on a host only."""
    for script in (query_script(["a"]), install_script(["a", "b"]), repair_script(dry=True), repair_script(dry=False)):
        assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0, script


def test_an_installation_outlives_its_connection() -> None:
    """It runs in a session of its own and writes to a file: nothing that breaks with SSH can stop it half-way."""
    script = install_script(["chrony"])
    assert script.startswith("setsid ")
    assert f">{LOG} 2>&1 </dev/null" in script
    assert "DPkg::Lock::Timeout=300" in script


def test_what_a_package_may_enable_itself_is_not_foretold() -> None:
    found = {"new": Unit("new"), "old": Unit("old", "inactive", "disabled"), "up": UP}
    assert brought_by_package(found, {"new": ("enable",), "old": (), "up": ()})
    assert brought_by_package(found, {"new": ("enable",), "old": ("enable",), "up": ()})
    assert not brought_by_package(found, {"new": (), "old": ("enable",), "up": ()}), "it is there, not enabled"
    assert not brought_by_package(found, {"new": ("enable", "start"), "old": (), "up": ()}), "a start is left anyway"
    assert not brought_by_package(found, {"new": (), "old": (), "up": ()}), "nothing is left to do"
