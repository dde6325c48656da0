"""`lspci -nnmmv`, with -k for the kernel's modules: the graphics controllers on the PCI bus (pure)."""

import re
from collections import Counter
from collections.abc import Mapping

from builder.survey.question import Question, Reply, Said, UnreadableError

COMMAND = "lspci -D -nnmmvk"
PROMISES = ("gpus.count", "gpus.models")
_GRAPHICS = ("0300", "0302", "0380")  # VGA, 3D and other display controllers (PCI Code and ID, class 03h)
_NAMES = ("VGA compatible controller", "3D controller", "Display controller")
_REPEATED = ("Module",)
_SLOT = re.compile(r"(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])", re.IGNORECASE)
_NUMBERED = re.compile(r"(?P<name>.*?) ?\[(?P<number>[0-9a-f]{4})\]")


def questions() -> tuple[Question, ...]:
    """What every Linux host is asked of its PCI bus."""
    return (Question("lspci", COMMAND, PROMISES, lspci),)


def key(address: str) -> str:
    """A PCI address as one word that all tools have in common: `00000000:43:00.0` and `43:00.0` are `43-00-0`.

    A domain other than 0 stays in it. Raises UnreadableError for what is no address.
    """
    match = _SLOT.fullmatch(address.strip())
    if match is None:
        raise UnreadableError(f'"{address}" is no PCI address')
    domain, *rest = (int(part or "0", 16) for part in match.groups())
    word = f"{rest[0]:02x}-{rest[1]:02x}-{rest[2]}"
    return f"{domain:04x}-{word}" if domain else word


def lspci(reply: Reply) -> dict[str, Said]:
    """`gpus.43-00-0.device` and the like of each graphics controller, and what they are together.

    Raises UnreadableError when a device cannot be told from the next, or none is a graphics controller.
    """
    cards = [record for record in records(reply.checked()) if _is_graphics(record)]
    if not cards:
        raise UnreadableError("lspci lists no graphics controller")
    said: dict[str, Said] = {}
    for card in cards:
        said |= {f"gpus.{key(card.get('Slot', ''))}.{name}": value for name, value in _of(card).items()}
    names = [f"{_split(card.get('Vendor', ''))[0]} {_split(card.get('Device', ''))[0]}".strip() for card in cards]
    whole = all({"Vendor", "Device"} <= card.keys() for card in cards)
    counted = sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))
    told = ", ".join(f"{count} x {name}" for name, count in counted)
    unnamed = UnreadableError("lspci does not name each of them")
    return {"gpus.count": len(cards), "gpus.models": told if whole else unnamed, **said}


def names(text: str) -> dict[str, str]:
    """Every device's maker and name by its address with the domain, as `lspci -D` prints it. Raises UnreadableError."""
    return {
        record["Slot"]: f"{_split(record['Vendor'])[0]} {_split(record['Device'])[0]}"
        for record in records(text) if {"Vendor", "Device"} <= record.keys()
    }  # fmt: skip


def records(text: str) -> tuple[dict[str, str], ...]:
    """The devices, a blank line between them. Raises UnreadableError when one is not whole."""
    blocks = re.split(r"\n\s*\n", text.strip("\n"))
    if not text.strip():
        raise UnreadableError("lspci printed nothing")
    if not re.search(r"^Slot:", text, re.MULTILINE):
        raise UnreadableError(f'lspci says "{text.strip().splitlines()[0][:120]}"')
    found = [_record(block) for block in blocks]
    if not re.search(r"\n\s*\n\Z", text):
        raise UnreadableError("lspci was cut off in its last device")
    if len({record["Slot"] for record in found}) != len(found):
        raise UnreadableError("lspci prints a device twice")
    return tuple(found)


def _record(block: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in block.splitlines():
        name, colon, value = line.partition(":")
        if not colon or not name or name[0].isspace():
            raise UnreadableError(f'lspci says "{line.strip()[:120]}"')
        if name in fields and name not in _REPEATED:
            raise UnreadableError(f"lspci prints {name} twice of one device, so a line is missing between")
        fields[name] = value.strip()
    for name in ("Slot", "Class"):
        if not fields.get(name):
            raise UnreadableError(f"lspci prints a device without its {name.lower()}")
    return fields


def _is_graphics(record: Mapping[str, str]) -> bool:
    name, number = _split(record["Class"])
    return number in _GRAPHICS or name in _NAMES or name in _GRAPHICS


def _split(text: str) -> tuple[str, str | None]:
    """`NVIDIA Corporation [10de]` -> the name and the number; without -nn there is no number."""
    match = _NUMBERED.fullmatch(text)
    return (match["name"], match["number"]) if match else (text, None)


def _of(card: Mapping[str, str]) -> dict[str, Said]:
    vendor, device = (_split(card.get(name, "")) for name in ("Vendor", "Device"))
    numbered = vendor[1] is not None and device[1] is not None
    return {
        "device": device[0] or UnreadableError("lspci does not name it"),
        "ids": f"{vendor[1]}:{device[1]}" if numbered else UnreadableError("lspci was not asked for numbers (-nn)"),
        "module": card.get("Driver") or UnreadableError("lspci names no kernel module in use; ask it with -k"),
        "vendor": vendor[0] or UnreadableError("lspci does not name it"),
    }
