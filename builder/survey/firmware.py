"""What the firmware records: the machine's name, its own version, the board, and the memory slots."""

from builder.survey import dmi, hardware
from builder.survey.dmi_records import NOTHING
from builder.survey.question import Question, Reply, Said, UnreadableError

_SYSFS = {"bios.date": "bios_date", "bios.vendor": "bios_vendor", "bios.version": "bios_version",
          "board.model": "board_name", "board.version": "board_version"}  # fmt: skip
RECORDED = (*_SYSFS, *dmi.MEMORY, "cpu.clock", "cpu.sockets", "cpu.sockets_used")
"""Facts that only a machine with firmware of its own has."""


def questions() -> tuple[Question, ...]:
    """What every Linux host is asked of its firmware."""
    files = " ".join(sorted(_SYSFS.values()))
    return (
        Question("firmware", f"cd /sys/class/dmi/id && grep -s '' {files}", tuple(_SYSFS), record),
        Question("dmidecode", dmi.COMMAND, dmi.PROMISES, dmi.dmidecode),
    )


FORMER = (
    Question("equipment", "dmidecode -t system", hardware.EQUIPMENT, hardware.equipment),
    Question("memory-slots", "dmidecode -t memory", dmi.MEMORY, dmi.memory),
)
"""No longer asked, since dmidecode whole tells the same; recorded answers from before have them."""


def record(reply: Reply) -> dict[str, Said]:
    """`grep -s ''` over files of /sys/class/dmi/id: `name:value` lines (Linux, sysfs-class-dmi). Exit code 2 tells that
    one of the files is missing, 1 that none was there."""
    if reply.code not in (0, 2) or not reply.text.strip():
        raise UnreadableError(reply.reason() if reply.errors else "the kernel shows no record of the firmware")
    fields = dict(line.split(":", 1) for line in reply.text.splitlines() if ":" in line)
    return {fact: _written(fields.get(file, "")) for fact, file in _SYSFS.items()}


def _written(text: str) -> Said:
    told = " ".join(text.split())
    return UnreadableError(f'the firmware says "{told}"') if told.lower() in NOTHING else told
