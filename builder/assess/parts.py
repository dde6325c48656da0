"""Which part of a machine a fact speaks of: something to buy, or something to install or set (pure)."""

from collections.abc import Mapping
from functools import cache

SOFTWARE = "Software and versions"
SETTINGS = "Settings and services"
WORK = "Work that is put on the machine"
CALIBRATION = "Calibration of displays"
WHOLE = "Whole machine"

PARTS: Mapping[str, tuple[str, ...]] = {
    "Memory": ("memory.",),
    "Processor": ("cpu.",),
    "Storage": ("disk.", "drives."),
    "Graphics card": ("gpu.", "gpus."),
    "Displays": ("display.", "displays."),
    "Network": ("network.adapters", "network.speed", "network."),
    WHOLE: ("asset.", "board.", "virtualisation", "os.architecture"),
}
"""What money buys, by the beginnings of facts' names."""

_SOFTWARE = ("os.", "bios.", "package.", "gpu.driver", "gpu.cuda", "gpu.opengl", "postgresql.version",
             "postgresql.extension.")  # fmt: skip
_SET = (
    "disk.*.encrypt", "disk.*.filesystem", "disk.*.mount", "gpu.ecc", "gpu.mig",
    "network.mtu", "network.*.mtu", "network.duplex", "network.*.duplex",
)  # fmt: skip
_MEASURED = tuple(f"{display}.{figure}" for display in ("display", "displays.*")
                  for figure in ("ambient", "calibration", "gsdf", "luminance", "nonuniformity"))  # fmt: skip
_BROUGHT = ("display.serial", "displays.*.serial",
            "displays.*.current_mode", "displays.*.primary", "displays.primary", "displays.*.preferred_mode",
            "gpu.display_active", "gpus.*.display_active", "gpus.*.module")  # fmt: skip


@cache
def part_of(fact: str) -> str:
    """The part, as the shopping list names it: of `memory.total` Memory. What is no part is software, or a setting."""
    if _begins(fact, _MEASURED):
        return CALIBRATION
    if _begins(fact, _SET + _BROUGHT):
        return SETTINGS
    if fact != "os.architecture" and _begins(fact, _SOFTWARE):
        return SOFTWARE
    if fact.startswith("workload."):
        return WORK
    return next((part for part, names in PARTS.items() if fact.startswith(names)), SETTINGS)


def to_buy(fact: str) -> bool:
    """Whether a lack of it is mended with money, not with an installation or a setting."""
    return part_of(fact) in PARTS


def outlasts_a_build(fact: str) -> bool:
    """Whether no build changes it: the parts of a machine, its operating system's release, and the work put on it. How
    many displays there are is not surely seen before a build has set up the graphical session."""
    if fact in ("displays.count", "displays.connected"):
        return False
    return to_buy(fact) or part_of(fact) == WORK or fact in ("os.id", "os.version") or fact.startswith("bios.")


def _begins(fact: str, patterns: tuple[str, ...]) -> bool:
    return any(_fits(fact, pattern) for pattern in patterns)


def _fits(fact: str, pattern: str) -> bool:
    """Whether the fact's name begins with the pattern; a `*` is one word, or the star of a pattern of facts."""
    before, star, after = pattern.partition("*")
    if not star:
        return fact.startswith(before)
    return fact.startswith(before) and fact[len(before) :].partition(".")[2].startswith(after.removeprefix("."))
