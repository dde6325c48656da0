"""Panels for hosts that have none: the lab hangs an EDID of the site's displays on the outputs of X.org's dummy driver.

They hang from right to left, so that no connector happens to be the right one: a role has to go by identity.
"""

from collections.abc import Sequence
from pathlib import Path

from builder.models.display import Display

PROGRAM = "/usr/local/lib/pacsmith-lab/hang_panels.py"
UNIT = "lab-panels.service"
# The X servers of our roles: unit and the file with its key.
SCREENS = {
    "workstation": ("pacsmith-screen.service", "/run/pacsmith-screen/authority"),
    "thin_client": ("pacsmith-x.service", "/run/pacsmith-x/authority"),
}
_HEADER = bytes.fromhex("00ffffffffffff00")


def edid_of(display: Display) -> bytes:
    """A base EDID block (VESA E-EDID A2, section 3) of 128 bytes that says who the panel is, and no more."""
    block = bytearray(128)
    block[0:8] = _HEADER
    letters = [ord(letter) - ord("A") + 1 for letter in display.maker]
    block[8:10] = (letters[0] << 10 | letters[1] << 5 | letters[2]).to_bytes(2, "big")
    block[10:12] = int(display.product, 16).to_bytes(2, "little")
    block[17:20] = bytes((30, 1, 4))  # made in 2020; EDID 1.4
    block[20] = 0xA5  # digital, 8 bits a colour, DisplayPort
    texts = [(0xFC, display.name), *([(0xFF, display.serial)] if display.serial else [])]
    for at, (tag, text) in zip((54, 72), texts, strict=False):
        line = text.encode("cp437", "replace")[:13]
        block[at : at + 18] = bytes((0, 0, 0, tag, 0)) + (line + b"\n" * (len(line) < 13)).ljust(13)
    for at in (90, 108) if len(texts) == 2 else (72, 90, 108):
        block[at + 3] = 0x10  # no use is made of this descriptor (section 3.10.3.11)
    block[127] = -sum(block) % 256
    return bytes(block)


def program_text() -> str:
    """The program that hangs the panels, as it runs on the host."""
    return Path(__file__).with_name("hang_panels.py").read_text("utf-8")


def unit_text(host_class: str, displays: Sequence[Display]) -> str:
    """The unit that does it each time the screen has come up, before the role looks for displays."""
    screen, authority = SCREENS[host_class]
    panels = " ".join(f"{display.mode}:{edid_of(display).hex()}" for display in reversed(displays))
    return f"""\
[Unit]
Description=Panels that the lab hangs on this host
After={screen}
Before=pacsmith-displays.service pacsmith-kiosk.service
PartOf={screen}{" pacsmith-displays.service" if host_class == "workstation" else ""}

[Service]
Type=oneshot
RemainAfterExit=true
Environment=DISPLAY=:0 XAUTHORITY={authority}
ExecStart=/usr/bin/python3 -I {PROGRAM} {panels}
"""
