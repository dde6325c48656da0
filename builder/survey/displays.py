"""The displays that hang on a station, by what their EDID says they are."""

import hashlib
import re
from collections.abc import Sequence

from builder.models.site import Host
from builder.survey import edid
from builder.survey.question import ABSENT, Question, Reply, Said, UnreadableError

SCREENS = {"workstation": "/run/pacsmith-screen/authority", "thin_client": "/run/pacsmith-x/authority"}
"""The X servers of our roles, by the file with their key."""

_FACTS = ("displays.count", "displays.firmware", "displays.panels", "displays.serials")
# A driver that keeps the EDID to itself (NVIDIA's) shows it to X.org alone; where the kernel shows it, that is nearer.
_COMMAND = (
    "found=; for f in /sys/class/drm/card*-*/edid; do [ -r $f ] && [ $(wc -c <$f) -gt 0 ] || continue; found=1; "
    "d=${f%/edid}; echo \"${d##*/} connected\"; echo '\tEDID:'; od -An -v -tx1 $f | tr -d ' ' | sed 's/^/\t\t/'; done; "
    '[ -n "$found" ] || env DISPLAY=:0 XAUTHORITY={authority} xrandr --prop'
)
_SHOWN = re.compile(
    r"(?:^(?P<connector>\S+) connected\b.*\n(?:(?!\tEDID:)[ \t].*\n)*)?^\tEDID: *\n(?P<edid>(?:\t\t.+\n?)+)",
    re.MULTILINE,
)
_CONNECTED = re.compile(r"^(\S+) connected\b", re.MULTILINE)


def questions(host: Host) -> tuple[Question, ...]:
    """What a station is asked of its displays; nothing of a host without a screen."""
    authority = SCREENS.get(host.host_class)
    if authority is None:
        return ()
    return (Question("displays", _COMMAND.replace("{authority}", authority), _FACTS, displays),)


def displays(reply: Reply) -> dict[str, Said]:
    """EDIDs in hexadecimal digits, as `xrandr --prop` prints them: of all displays together, and of each by the name of
    its connector, where a line before says it. Panels are sorted: there connectors do not count. Of a display that is
    connected and shows no EDID each fact is unread.

    Raises UnreadableError for a damaged EDID of which no connector is known.
    """
    printed = reply.checked()
    found = [(match["connector"], match["edid"]) for match in _SHOWN.finditer(printed)]
    if not found:
        return {"displays.count": 0, **dict.fromkeys(_FACTS[1:], ABSENT), **_mute(printed, ())}
    said = _mute(printed, [name for name, _ in found])
    for name, text in zip(_connectors([name for name, _ in found]), [text for _, text in found], strict=True):
        said |= edid.on_connector(name, _panel(text)) if name else {}
    try:
        return {**_together([edid.blocks_in(_bytes(text))[0] for _, text in found]), **said}
    except UnreadableError as why:
        if not said:
            raise
        return {**dict.fromkeys(_FACTS, why), **said}


def _together(blocks: list[bytes]) -> dict[str, Said]:
    serials = sorted(serial for block in blocks for serial in _serials(block))
    return {
        "displays.count": len(blocks),
        "displays.firmware": ", ".join(sorted(f"{_name(block)} {_print(block)}" for block in blocks)),
        "displays.panels": ", ".join(sorted(map(_name, blocks))),
        "displays.serials": ", ".join(serials) or UnreadableError("the displays state no serial number"),
    }


def _mute(printed: str, shown: Sequence[str | None]) -> dict[str, Said]:
    """The facts of displays that are connected and show no EDID."""
    unread = dict.fromkeys(edid.FACTS, UnreadableError("the display shows no EDID"))
    mute = [name for name in _CONNECTED.findall(printed) if name not in shown]
    return {name: said for one in _connectors(mute) for name, said in edid.on_connector(one, unread).items()}


def shown_on(connector: str, text: str) -> str:
    """An EDID of one display, however it was recorded (`edid_in`), as `displays` reads it; what is none stays as it is,
    for the reason."""
    try:
        digits = edid.edid_in(text).hex()
    except UnreadableError as why:
        return f"{connector} connected\n\tEDID:\n\t\t{why}\n"
    return f"{connector} connected\n\tEDID:\n\t\t{digits}\n"


def _bytes(text: str) -> bytes:
    digits = "".join(text.split())
    if not re.fullmatch(r"(?:[0-9a-f]{2})+", digits):
        raise UnreadableError(" ".join(text.split())[:160])
    return bytes.fromhex(digits)


def _panel(text: str) -> dict[str, Said]:
    try:
        return edid.panel(_bytes(text))
    except UnreadableError as why:
        return dict.fromkeys(edid.FACTS, why)


def _connectors(names: Sequence[str | None]) -> list[str]:
    """`card0-DP-1` is DP-1, unless another card has one of that name; nothing where no line says it, or two say one."""
    known = [name if name and names.count(name) == 1 else "" for name in names]
    short = [re.sub(r"^card[0-9]+-", "", name) for name in known]
    return [(name if short.count(own) > 1 else own).replace(".", "-") for name, own in zip(known, short, strict=True)]


def _name(block: bytes) -> str:
    """Maker and product as in the site file: `EIZ 2334`. Raises UnreadableError when the maker is none."""
    made = edid.maker(block)
    if isinstance(made, UnreadableError):
        raise made
    return f"{made} {edid.product(block)}"


def _serials(block: bytes) -> list[str]:
    number = int.from_bytes(block[12:16], "little")
    counted = [str(number)] if number and number not in edid.FILLERS else []
    return [serial for serial in (*counted, *edid.texts(block, edid.SERIAL)) if serial]


def _print(block: bytes) -> str:
    """Eight digits of the EDID's hash without what is each panel's own (serial number, week and year of its making):
    two panels of one product differ here when their firmware tells differently of them."""
    common = bytearray(block)
    common[12:18] = bytes(6)
    common[127] = 0  # the checksum
    for at in edid.DESCRIPTORS:
        if block[at : at + 4] == edid.SERIAL:
            common[at : at + 18] = bytes(18)
    return hashlib.sha256(common).hexdigest()[:8]
