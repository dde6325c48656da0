#!/usr/bin/python3
"""Lay the displays of a reading station out by what their EDID says they are, not by the connector they hang on.

Runs on the station with Python's standard library alone. One argument: a JSON file with the site's displays from left
to right. Exit code 1, with a sentence for each, when a display is missing; those that are there are laid out all the
same, so that somebody can go on reading.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_HEADER = bytes.fromhex("00ffffffffffff00")
_BLOCK = 128  # bytes of the base EDID (VESA E-EDID A2, section 3)
_DESCRIPTORS = (54, 72, 90, 108)  # where the four 18-byte descriptors begin (section 3.10)
_SERIAL_TAG = b"\0\0\0\xff"
_OUTPUT = re.compile(r"^(\S+) (connected|disconnected|unknown connection)")


@dataclass(frozen=True)
class Panel:
    """Who made a panel and which one it is. `serials`: the number of bytes 12 to 15 and the text of a descriptor, as
    far as the maker has written them."""

    maker: str
    product: str
    serials: tuple[str, ...]


def panel_of(edid: bytes) -> Panel:
    """The panel of a base EDID block. Raises ValueError when it is no whole one."""
    block = edid[:_BLOCK]
    if len(block) < _BLOCK or not block.startswith(_HEADER):
        raise ValueError("this is no EDID")
    if sum(block) % 256:
        raise ValueError("the checksum of the EDID is wrong")
    letters = int.from_bytes(block[8:10], "big")
    maker = "".join(chr(ord("A") - 1 + (letters >> shift & 31)) for shift in (10, 5, 0))
    product = f"{int.from_bytes(block[10:12], 'little'):04X}"
    number = int.from_bytes(block[12:16], "little")
    texts = [block[at + 5 : at + 18] for at in _DESCRIPTORS if block[at : at + 4] == _SERIAL_TAG]
    written = [text.partition(b"\n")[0].decode("cp437").strip() for text in texts]
    return Panel(maker, product, tuple(serial for serial in (*([str(number)] if number else []), *written) if serial))


def outputs_of(text: str) -> dict[str, Panel | None]:
    """Connector -> its panel, from `xrandr --prop`; None where nothing says what hangs there."""
    found: dict[str, Panel | None] = {}
    name, digits = "", None
    for line in [*text.splitlines(), "end disconnected"]:
        if digits is not None and re.fullmatch(r"\t\t[0-9a-f]+", line):
            digits += line.strip()
            continue
        if digits:
            found[name] = _panel_or_none(digits)
        digits = "" if line.startswith("\tEDID:") else None
        output = _OUTPUT.match(line)
        if output and line != "end disconnected":
            name = output[1]
            found[name] = None
    return found


def _panel_or_none(digits: str) -> Panel | None:
    try:
        return panel_of(bytes.fromhex(digits))
    except ValueError:
        return None


def connector_of(display: Mapping[str, Any], outputs: Mapping[str, Panel | None]) -> str:
    """The connector on which a display of the site hangs. Raises LookupError with a sentence."""
    what = " ".join(str(display[key]) for key in ("maker", "product", "serial") if display[key])
    there = [
        name
        for name, panel in outputs.items()
        if panel is not None
        and (panel.maker, panel.product) == (display["maker"], display["product"])
        and (display["serial"] is None or display["serial"] in panel.serials)
    ]
    if not there:
        seen = [f"{name} {panel.maker} {panel.product}" for name, panel in outputs.items() if panel]
        known = ", ".join(seen) or "none that say what they are"
        raise LookupError(
            f"display {display['name']} ({what}) hangs on no connector (there are: {known}); attach it, or correct the "
            "site file"
        )
    if len(there) > 1:
        raise LookupError(
            f"display {display['name']} ({what}) could be any of {', '.join(there)}; add its serial to the site file"
        )
    return there[0]


def arguments_of(displays: Sequence[Mapping[str, Any]], outputs: Mapping[str, Panel | None]) -> tuple[str, ...]:
    """Arguments of xrandr for the displays that are there, from left to right without a gap; other panels are dark."""
    arguments: list[str] = []
    used, left = [], 0
    for display in displays:
        try:
            connector = connector_of(display, outputs)
        except LookupError:
            continue
        used.append(connector)
        arguments += ["--output", connector, "--mode", display["mode"], "--rotate", display["orientation"]]
        arguments += ["--pos", f"{left}x0", *(["--primary"] if display["primary"] else [])]
        width, height = map(int, display["mode"].split("x"))
        left += height if display["orientation"] in ("left", "right") else width
    others = [name for name, panel in outputs.items() if panel is not None and name not in used] if used else []
    return (*arguments, *(word for name in others for word in ("--output", name, "--off")))


def missing(displays: Sequence[Mapping[str, Any]], outputs: Mapping[str, Panel | None]) -> tuple[str, ...]:
    """A sentence for each display that has no connector of its own."""
    sentences = []
    for display in displays:
        try:
            connector_of(display, outputs)
        except LookupError as fault:
            sentences.append(str(fault.args[0]))
    return tuple(sentences)


def main(file: str) -> int:
    """Read, lay out, and say what is missing."""
    displays = json.loads(Path(file).read_text(encoding="utf-8"))
    said = subprocess.run(["xrandr", "--prop"], capture_output=True, text=True, check=False)
    if said.returncode != 0:
        sys.stderr.write(f"xrandr does not answer: {said.stderr.strip()}\n")
        return 1
    outputs = outputs_of(said.stdout)
    arguments = arguments_of(displays, outputs)
    done = subprocess.run(["xrandr", *arguments], check=False).returncode if arguments else 0
    for sentence in missing(displays, outputs):
        sys.stderr.write(f"{sentence}\n")
    return 1 if done or missing(displays, outputs) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
