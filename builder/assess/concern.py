"""What a difference is about, in the order in which it matters to patients (pure): by its paths, or its fact's name."""

import re
from collections.abc import Sequence

from builder.models.drift import CONCERNS, Concern

_PATHS: tuple[tuple[Concern, str], ...] = (
    ("certificates", r"ca-certificates|/tls/|certificate|\.(pem|crt|key)\b"),
    ("AE table and routes",
     r"/etc/orthanc/(orthanc|dicomweb|worklists)\.json|nftables\.conf|/etc/nginx/|/etc/hosts\b|kiosk\.nft|aeskulap"),
    ("driver", r"nvidia"),
    ("display order", r"display|xorg|/X11/|pacsmith-x\b"),
)  # fmt: skip
_STEPS: tuple[tuple[Concern, str], ...] = (
    ("certificates", r"\bCA\b|certificate"),
    ("AE table and routes", r"(?i)rights of each AE|firewall|routes?\b"),
    ("driver", r"(?i)nvidia"),
    ("display order", r"displays?\b|X server\b"),
)
_FACTS: tuple[tuple[Concern, tuple[str, ...]], ...] = (
    ("grey calibration", ("display.calibration", "display.gsdf", "display.luminance", "display.ambient",
                          "display.nonuniformity")),
    ("AE table and routes", ("orthanc.config.Dicom", "orthanc.config.DicomWeb", "port.tcp.", "network.addresses")),
    ("driver", ("gpu.driver", "gpu.cuda", "gpu.mesa", "gpu.opengl", "gpu.vulkan", "package.nvidia")),
    ("display order", ("display.", "displays.")),
    ("services", ("service.", "systemd.", "orthanc.", "nginx.", "postgresql.", "clock.")),
    ("packages", ("package.", "os.")),
)  # fmt: skip
_MEASURED = re.compile(r"^displays\.[^.]+\.(gsdf|luminance|ambient|nonuniformity)\b")
_PATH = re.compile(r"^(?:---|\+\+\+|#) (/[^\s:]+)", re.MULTILINE)
_ALL_PACKAGES = re.compile(r"\A(\+ [a-z0-9][a-z0-9.+:-]*\n?)+\Z")
_SYSTEMCTL = re.compile(r"\A(# systemctl [^\n]*\n?)+\Z")


def of_step(step: str, diff: str | None) -> Concern:
    """What a step that would change something is about: the gravest of its files, else what it does, else its name."""
    text = diff or ""
    paths = [path for path in _PATH.findall(text) if path != "/dev/null"]
    found = [concern for concern in map(_of_path, paths) if concern is not None]
    if found:
        return gravest(found)
    if text and _SYSTEMCTL.match(text):
        return "services"
    if text and _ALL_PACKAGES.match(text):
        return "packages"
    named = [concern for concern, pattern in _STEPS if re.search(pattern, step)]
    return gravest(named) if named else ("files" if paths else "services")


def _of_path(path: str) -> Concern | None:
    return next((concern for concern, pattern in _PATHS if re.search(pattern, path)), None)


def of_fact(name: str) -> Concern:
    """What a fact is about."""
    if _MEASURED.match(name):
        return "grey calibration"
    return next((concern for concern, names in _FACTS if name.startswith(names)), "machine")


def gravest(concerns: Sequence[Concern]) -> Concern:
    """The one that matters most."""
    return min(concerns, key=CONCERNS.index)
