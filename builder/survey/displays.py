"""The displays that hang on a station, by what their EDID says they are."""

import hashlib
import re

from builder.models.site import Host
from builder.survey import edid
from builder.survey.question import ABSENT, Question, Reply, Said, UnreadableError

SCREENS = {"workstation": "/run/pacsmith-screen/authority", "thin_client": "/run/pacsmith-x/authority"}
"""The X servers of our roles, by the file with their key."""

_FACTS = ("displays.count", "displays.firmware", "displays.panels", "displays.serials")
# A driver that keeps the EDID to itself (NVIDIA's) shows it to X.org alone; where the kernel shows it, that is nearer.
_COMMAND = (
    "found=; for f in /sys/class/drm/card*-*/edid; do [ -r $f ] && [ $(wc -c <$f) -gt 0 ] || continue; found=1; "
    "n=${f%/edid}; echo \"${n##*/} connected\"; echo '\tEDID:'; od -An -v -tx1 $f | tr -d ' ' | sed 's/^/\t\t/'; done; "
    '[ -n "$found" ] || env DISPLAY=:0 XAUTHORITY={authority} xrandr --prop'
)
_DESCRIPTORS = (54, 72, 90, 108)  # where the four 18-byte descriptors begin (section 3.10)
# A connector's name where a line tells it, the lines of its properties, and the digits of its EDID.
_SHOWN = re.compile(
    r"^(?:(\S+) connected.*\n(?:(?!\S+ (?:dis)?connected|\tEDID:).*\n)*)?\tEDID: *\n((?:\t\t[0-9a-f]+\n?)+)",
    re.MULTILINE,
)
_CONNECTED = re.compile(r"^(\S+) connected\b", re.MULTILINE)
_CARD = re.compile(r"^card[0-9]+-")
_SERIAL_TAG = b"\0\0\0\xff"


def questions(host: Host) -> tuple[Question, ...]:
    """What a station is asked of its displays; nothing of a host without a screen."""
    authority = SCREENS.get(host.host_class)
    if authority is None:
        return ()
    return (Question("displays", _COMMAND.replace("{authority}", authority), _FACTS, displays),)


def displays(reply: Reply) -> dict[str, Said]:
    """EDIDs in hexadecimal digits, as `xrandr --prop` prints them. Panels are sorted: connectors do not count."""
    text = reply.checked()
    found = [(connector, bytes.fromhex("".join(digits.split()))) for connector, digits in _SHOWN.findall(text)]
    blocks = [edid.blocks_in(one)[0] for _, one in found]
    if not blocks:
        return {"displays.count": 0, **dict.fromkeys(_FACTS[1:], ABSENT)}
    serials = sorted(serial for block in blocks for serial in _serials(block))
    return {
        **_each(text, found),
        "displays.count": len(blocks),
        "displays.firmware": ", ".join(sorted(f"{_name(block)} {_print(block)}" for block in blocks)),
        "displays.panels": ", ".join(sorted(map(_name, blocks))),
        "displays.serials": ", ".join(serials) or UnreadableError("the displays state no serial number"),
    }


def _each(text: str, found: list[tuple[str, bytes]]) -> dict[str, Said]:
    """What each display says, by its connector; nothing where connectors were not printed or cannot be told apart."""
    named = [(connector, edid.panel(one)) for connector, one in found]
    mute = [connector for connector in _CONNECTED.findall(text) if connector not in dict(named)]
    named += [(connector, dict.fromkeys(edid.FACTS, UnreadableError("it shows no EDID"))) for connector in mute]
    short = {_CARD.sub("", connector) for connector, _ in named}
    if "" in short or len({connector for connector, _ in named}) < len(named):
        return {}
    said: dict[str, Said] = {}
    for connector, panel in named:
        key = _CARD.sub("", connector) if len(short) == len(named) else connector
        said |= edid.on_connector(key.replace(".", "-"), panel)
    return said


def _name(block: bytes) -> str:
    """Maker and product as in the site file: `EIZ 2334`. Raises UnreadableError when the maker is none."""
    made = edid.maker(block)
    if isinstance(made, UnreadableError):
        raise made
    return f"{made} {edid.product(block)}"


def _serials(block: bytes) -> list[str]:
    number = int.from_bytes(block[12:16], "little")
    texts = [block[at + 5 : at + 18] for at in _DESCRIPTORS if block[at : at + 4] == _SERIAL_TAG]
    written = [text.partition(b"\n")[0].decode("cp437").strip() for text in texts]
    return [serial for serial in (*([str(number)] if number else []), *written) if serial]


def _print(block: bytes) -> str:
    """Eight digits of the EDID's hash without what is each panel's own (serial number, week and year of its making):
    two panels of one product differ here when their firmware tells differently of them."""
    common = bytearray(block)
    common[12:18] = bytes(6)
    common[127] = 0  # the checksum
    for at in _DESCRIPTORS:
        if block[at : at + 4] == _SERIAL_TAG:
            common[at : at + 18] = bytes(18)
    return hashlib.sha256(common).hexdigest()[:8]
