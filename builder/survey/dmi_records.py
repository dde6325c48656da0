"""The text of dmidecode cut into the records of the firmware (SMBIOS), each whole or known not to be (pure)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from builder.survey.question import Reply, UnreadableError

NOTHING = {
    "", "0", "<bad index>", "<out of spec>", "default string", "invalid", "n/a", "no asset information", "no dimm",
    "none", "not available", "not provided", "not specified", "system manufacturer", "system product name",
    "system serial number", "system version", "tbd by oem", "to be filled by o.e.m.", "undefined", "unknown",
}  # fmt: skip
"""What makers and dmidecode write where nothing is known, in small letters."""

_HANDLE = re.compile(r"Handle 0x([0-9A-Fa-f]{4,8}), DMI type ([0-9]{1,3}), ([0-9]{1,3}) bytes\.?")
_COMPLAINT = re.compile(r"denied|not permitted|no smbios|can't|cannot|error", re.IGNORECASE)
_END_OF_TABLE = 127
_ON_BOARD = "10"  # a record of several devices, each under a title of its own


@dataclass(frozen=True)
class Record:
    """One structure: its handle, type and length in bytes, its title, `name: value` of its lines, and as `remarks` the
    lines without a value. `whole`: an empty line ends it, so no line of it was cut off."""

    handle: str
    kind: int
    length: int
    title: str
    fields: dict[str, str] = field(default_factory=dict)
    whole: bool = True
    remarks: frozenset[str] = frozenset()

    def text(self, name: str) -> str:
        """The value of a line. Raises UnreadableError where it is missing or says nothing."""
        if name not in self.fields:
            raise UnreadableError("the firmware says nothing" if self.whole else "the firmware's record was cut off")
        said = " ".join(self.fields[name].split())
        if said.lower().strip(".") in NOTHING or said.lower() in NOTHING or not said.strip("0 ."):
            raise UnreadableError(f'the firmware says "{said}"' if said else "the firmware says nothing")
        return said


@dataclass(frozen=True)
class Table:
    """The records in their order. `complete`: none is missing, as far as the text can tell."""

    records: tuple[Record, ...]
    complete: bool

    def of(self, kind: int) -> tuple[Record, ...]:
        """The records of one type (SMBIOS 3.7, section 7)."""
        return tuple(record for record in self.records if record.kind == kind)


def table(reply: Reply) -> Table:
    """What dmidecode printed, with or without `-t`.

    Raises UnreadableError when it printed no record, or lines are missing in between.
    """
    text = reply.checked()
    lines = text.splitlines()
    starts = [at for at, line in enumerate(lines) if _HANDLE.fullmatch(line.rstrip())]
    if not starts:
        complaint = next((line.strip() for line in lines if _COMPLAINT.search(line)), "")
        raise UnreadableError(f'dmidecode says "{complaint[:160]}"' if complaint else "dmidecode printed no record")
    ends = [*starts[1:], len(lines)]
    records = tuple(_record(lines[start:end]) for start, end in zip(starts, ends, strict=True))
    if len({record.handle for record in records}) != len(records):
        raise UnreadableError("dmidecode printed a record twice")
    if not text.endswith("\n"):
        records = (*records[:-1], _cut(records[-1]))
    return Table(records, _complete(lines[: starts[0]], records))


def _record(lines: Sequence[str]) -> Record:
    """Raises UnreadableError for lines that belong to no record: its first line is missing."""
    match = _HANDLE.fullmatch(lines[0].rstrip())
    body = list(lines[1:])
    ended = next((at for at, line in enumerate(body) if not line.strip()), None)
    own = body[:ended]
    if ended is not None and any(
        line.strip() and not line.startswith(("#", "Invalid", "Wrong")) for line in body[ended:]
    ):
        raise UnreadableError("dmidecode's output lacks lines")
    if match is None or not own or own[0][0].isspace():
        whole = ended is not None
        if match is None or whole:
            raise UnreadableError("dmidecode's output lacks lines")
        return Record(match[1], int(match[2]), int(match[3]), "", {}, False)
    fields: dict[str, str] = {}
    for line in own[1:]:
        name, colon, value = line.strip().partition(":")
        if not line[0].isspace() and match[2] != _ON_BOARD:
            raise UnreadableError("dmidecode's output lacks lines")
        if colon:
            fields.setdefault(name, value.strip())
    whole = ended is not None or int(match[2]) == _END_OF_TABLE
    remarks = frozenset(line.strip() for line in own[1:] if ":" not in line)
    record = Record(match[1], int(match[2]), int(match[3]), own[0].strip(), fields, whole, remarks)
    return record if whole else _cut(record)


def _cut(record: Record) -> Record:
    """The record without its last line, of which the end may be missing."""
    kept = dict(list(record.fields.items())[:-1])
    return Record(record.handle, record.kind, record.length, record.title, kept, False)


def _complete(heading: Sequence[str], records: Sequence[Record]) -> bool:
    """Older tables say how many structures they have; newer ones end with a mark."""
    counted = next(
        (match for line in heading if (match := re.match(r"([0-9]{1,5}) structures occupying ", line))), None
    )
    if counted:
        return int(counted[1]) == len(records)
    return records[-1].kind == _END_OF_TABLE
