"""`xrandr --verbose` or `--prop`: outputs, modes, the primary one, and the displays by their EDIDs (pure)."""

import re
from typing import NamedTuple

from builder.survey import displays, edid
from builder.survey.question import Reply, Said, UnreadableError

COMMAND = "xrandr --verbose"
PROMISES = ("displays.connected", "displays.count", "displays.firmware", "displays.panels", "displays.primary",
            "displays.serials")  # fmt: skip
_PANELS = ("displays.count", "displays.firmware", "displays.panels", "displays.serials")
_SCREEN = re.compile(r"^Screen [0-9]+: minimum .*\bcurrent ([0-9]+) x ([0-9]+)\b.*$", re.MULTILINE)
_OUTPUT = re.compile(
    r"(?P<name>\S+) (?P<state>connected|disconnected|unknown connection)(?P<primary> primary)?"
    r"(?: (?P<width>[0-9]+)x(?P<height>[0-9]+)\+(?P<left>[0-9]+)\+(?P<top>[0-9]+))?(?: .*)?"
)
_MODE = re.compile(r" +(?P<mode>[0-9]+x[0-9]+)\S* (?P<rest>.*)")
_HEX = re.compile(r"[0-9a-f]{2,}")


class Output(NamedTuple):
    """A connector: its state, where its picture lies (width, height, left, top), its modes with what X.org says of
    them, and its properties with their lines."""

    name: str
    connected: bool
    primary: bool
    place: tuple[int, ...] | None
    modes: tuple[tuple[str, str], ...]
    properties: dict[str, list[str]]


def xrandr(reply: Reply) -> dict[str, Said]:
    """Facts of each output with a display, as `displays.DP-1.depth`, and of all of them.

    Raises UnreadableError when the outputs cannot be told from each other.
    """
    text = reply.checked()
    screen = _SCREEN.search(text)
    if screen is None:
        raise UnreadableError(_complaint(text))
    found = outputs(text)
    connected = [one for one in found if one.connected]
    primary = [one.name for one in connected if one.primary]
    said: dict[str, Said] = {
        "displays.connected": len(connected),
        "displays.primary": primary[0] if primary else UnreadableError("no output with a display is the primary one"),
        **_panels(connected),
    }
    if not text.endswith("\n"):
        said = dict.fromkeys(PROMISES, UnreadableError("xrandr's answer was cut off in the middle of a line"))
    elif not _fills(found, int(screen[1]), int(screen[2])):
        missing = UnreadableError("the outputs do not fill the screen, so one may be missing")
        said |= dict.fromkeys((*_PANELS, "displays.connected"), missing)
    for output in connected:
        said |= edid.on_connector(_key(output.name), _of(output))
    return said


def _complaint(text: str) -> str:
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    complains = re.search(r"can't|denied|xrandr:|not found", first, re.IGNORECASE)
    return f'xrandr says "{first[:120]}"' if complains else "xrandr did not print its screen"


def outputs(text: str) -> tuple[Output, ...]:
    """Every output in the order of the text. Raises UnreadableError for a line that belongs to none, which tells that
    lines are missing."""
    found: list[Output] = []
    for line in text[: text.rfind("\n") + 1].splitlines():
        if not line.strip() or line.startswith("Screen "):
            continue
        if not line[0].isspace():
            found.append(_headed(line))
            continue
        if not found:
            raise UnreadableError("xrandr's first output is missing")
        found[-1] = _with(found[-1], line)
    if len({one.name for one in found}) != len(found):
        raise UnreadableError("xrandr prints an output twice")
    return tuple(found)


def _headed(line: str) -> Output:
    match = _OUTPUT.fullmatch(line)
    if match is None:
        raise UnreadableError("xrandr printed a line that is not understood")
    place = None if match["width"] is None else tuple(int(match[w]) for w in ("width", "height", "left", "top"))
    return Output(match["name"], match["state"] == "connected", bool(match["primary"]), place, (), {})


def _with(output: Output, line: str) -> Output:
    """The output with one more indented line: a property (one tab), what is in it (two tabs), or a mode (spaces)."""
    if line.startswith("\t") and not line.startswith(("\t\t", "\t ")):
        name, colon, value = line.strip().partition(":")
        if not colon or name in output.properties:
            raise UnreadableError(f"xrandr prints {name} twice of {output.name}, so a line is missing between")
        return output._replace(properties={**output.properties, name: [value.strip()]})
    if line.startswith("\t"):
        if output.properties:
            list(output.properties.values())[-1].append(line.strip())
        return output
    mode = _MODE.fullmatch(line)
    if mode is None or " h: " in line or " v: " in line:
        return output
    if not output.connected and output.place is None:  # one that was pulled off may still have its picture
        raise UnreadableError(f"{output.name} has modes and no display, so a line is missing")
    return output._replace(modes=(*output.modes, (mode["mode"], mode["rest"])))


def _fills(found: tuple[Output, ...], width: int, height: int) -> bool:
    places = [one.place for one in found if one.place is not None]
    if not places:
        return False
    return (max(w + x for w, _, x, _ in places), max(h + y for _, h, _, y in places)) == (width, height)


def _panels(connected: list[Output]) -> dict[str, Said]:
    """The facts of all displays together, as the live survey states them."""
    without = [one.name for one in connected if "EDID" not in one.properties]
    if without or not connected:
        why = f"of {' and '.join(without)} no EDID was printed" if without else "xrandr shows no display"
        return dict.fromkeys(_PANELS, UnreadableError(why))
    try:
        blocks = [_edid(one) for one in connected]
        shown = "".join(f"\tEDID:\n\t\t{block.hex()}\n" for block in blocks)
        return displays.displays(Reply(0, shown, ""))
    except UnreadableError as why:
        return dict.fromkeys(_PANELS, why)


def _edid(output: Output) -> bytes:
    lines = output.properties.get("EDID")
    if lines is None:
        raise UnreadableError("xrandr printed no EDID; ask it with --verbose or --prop")
    digits = [line for line in lines if line]
    if not all(_HEX.fullmatch(line) and len(line) % 2 == 0 for line in digits):
        raise UnreadableError("the EDID was cut off")
    return bytes.fromhex("".join(digits))


def _of(output: Output) -> dict[str, Said]:
    try:
        said = edid.panel(_edid(output))
    except UnreadableError as why:
        said = dict.fromkeys(edid.FACTS, why)
    current = [mode for mode, rest in output.modes if re.search(r"\*", rest)]
    preferred = [mode for mode, rest in output.modes if re.search(r"\+preferred|[0-9][* ]\+", rest)]
    return {
        **said,
        "display.current_mode": _one(current, "the mode in use"),
        "display.preferred_mode": _one(preferred, "the mode that it prefers"),
        "display.primary": output.primary,
    }


def _one(modes: list[str], what: str) -> Said:
    if len(set(modes)) == 1:
        return modes[0]
    return UnreadableError(f"xrandr marks {'several modes' if modes else 'no mode'} as {what}")


def _key(name: str) -> str:
    return name.replace(".", "-")
