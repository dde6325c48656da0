"""A station whose displays are held to a standard, what its survey says of them, and a report. All of it is made up."""

from datetime import date
from pathlib import Path
from typing import Any

from builder.assess.display import Report
from builder.load.calibration import load_calibration
from builder.load.sheets import load_sheets
from builder.models.catalogue import fact_kind
from builder.models.fact import Fact
from builder.models.quantity import BASE_UNITS
from builder.models.sheet import Sheet
from builder.models.site import Host

TODAY = date(2026, 11, 22)
CSV = Path(__file__).parent / "recorded" / "calibration" / "made-up.csv"
LOADED = load_calibration(CSV)
REPORT = Report(LOADED.value, "calibration/left.csv", LOADED.sha256)
SHEETS: tuple[Sheet, ...] = tuple(one.value for one in load_sheets())
LEFT = {"name": "left", "maker": "ENC", "product": "2651", "serial": "27700017", "mode": "1920x1920", "primary": True,
        "standard": "ranzcr", "class": "diagnostic"}  # fmt: skip
RIGHT = LEFT | {"name": "right", "serial": "27700018", "primary": False}


def station_data(*displays: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A reading station, as site data; with `displays`, else with the left one alone."""
    return {
        "name": "read02", "class": "workstation", "os": "debian-12", "product": {"id": "aeskulap", "version": "0.2.2"},
        "network": "imaging", "address": "10.9.1.1", "location": "Room 1", "ae": {"title": "READ2", "port": 11112},
        "workstation": {"auto_login": True, "displays": list(displays or [LEFT])},
    } | more  # fmt: skip


def station(*displays: dict[str, Any], **more: Any) -> Host:
    """The same as a host."""
    return Host.model_validate(station_data(*displays, **more))


def stated(name: str, value: bool | float | str) -> Fact:
    """A fact as the survey states it; text that begins with "?" is why it could not be read."""
    if isinstance(value, str) and value.startswith("?"):
        return Fact(name=name, error=value[1:], command="xrandr --prop", raw_sha256="5e" * 32)
    unit = BASE_UNITS.get(fact_kind(name).kind)
    return Fact(name=name, value=value, unit=unit, command="xrandr --prop", raw_sha256="5e" * 32)


def seen(**connectors: dict[str, Any]) -> dict[str, Fact]:
    """What a survey says of displays, by connector; each is the left one but for what is given."""
    facts = {"displays.count": stated("displays.count", len(connectors))}
    for connector, more in connectors.items():
        said: dict[str, Any] = {"maker": "ENC", "product": "2651", "serial": "27700017", "megapixels": 3.6864,
                                "pitch": 0.2588, "depth": 8, "shorter": 1920, "current_mode": "1920x1920"}  # fmt: skip
        said |= more
        for name, value in said.items():
            facts[f"displays.{connector}.{name}"] = stated(f"displays.{connector}.{name}", value)
    return facts


def changed(file: str = "calibration/other.csv", **fields: Any) -> Report:
    """The report with other fields, of another file."""
    return Report(LOADED.value.model_copy(update=fields), file, "0d" * 32)
