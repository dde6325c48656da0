"""Memory, processor and the equipment record of the firmware."""

import re

from builder.survey.question import Question, Reply, Said, UnreadableError

_PLACEHOLDERS = {
    "", "0", "default string", "invalid", "n/a", "none", "not available", "not specified", "system manufacturer",
    "system product name", "system serial number", "to be filled by o.e.m.", "unknown",
}  # fmt: skip
_RECORD = {"asset.maker": "Manufacturer", "asset.model": "Product Name", "asset.serial": "Serial Number"}


EQUIPMENT = tuple(_RECORD)


def questions() -> tuple[Question, ...]:
    """What every Linux host is asked of its hardware."""
    return (
        Question("memory", "cat /proc/meminfo; cat /sys/fs/cgroup/memory.max 2>/dev/null || echo max",
                 ("memory.total",), memory),
        Question("cpu", "lscpu", ("cpu.model", "cpu.cores", "cpu.threads"), cpu),
    )  # fmt: skip


def memory(reply: Reply) -> dict[str, Said]:
    """`/proc/meminfo` states KiB and calls them kB; a control group's limit (bytes, or max) may be lower."""
    text = reply.checked()
    total = re.search(r"^MemTotal: +([1-9][0-9]{0,14}) kB$", text, re.MULTILINE)
    limit = re.fullmatch(r"max|[0-9]{1,20}", text.rstrip("\n").rpartition("\n")[2])
    if total is None or limit is None:
        raise UnreadableError("MemTotal in kB and the control group's limit were not both printed")
    size = int(total[1]) * 1024
    return {"memory.total": size if limit[0] == "max" else min(size, int(limit[0]))}


def cpu(reply: Reply) -> dict[str, Said]:
    """`lscpu`: "name: value" lines; cores are sockets times cores of a socket."""
    fields: dict[str, str] = {}
    for line in reply.checked().splitlines():
        key, colon, value = line.partition(":")
        if colon:
            fields.setdefault(key.strip(), value.strip())
    threads, sockets, each = (_count(fields.get(key)) for key in ("CPU(s)", "Socket(s)", "Core(s) per socket"))
    none = UnreadableError("lscpu does not say")
    cores = sockets * each if sockets and each else none
    if isinstance(cores, int) and threads is not None and cores > threads:
        cores = UnreadableError(f"lscpu counts {cores} cores but {threads} processors")
    return {"cpu.model": fields.get("Model name") or none, "cpu.cores": cores, "cpu.threads": threads or none}


def _count(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch(r"[1-9][0-9]{0,4}", text) else None


def equipment(reply: Reply) -> dict[str, Said]:
    """`dmidecode -t system`: the block "System Information"; makers' placeholders are no answer."""
    block = re.search(r"^System Information\n((?:[ \t]+.*\n?)+)", reply.checked(), re.MULTILINE)
    if block is None:
        raise UnreadableError(reply.reason() if reply.errors else "the firmware keeps no system record")
    fields = dict(re.findall(r"^[ \t]+([^:\n]+):[ \t]*(.*?)[ \t]*$", block[1], re.MULTILINE))
    return {fact: _recorded(fields.get(field, "")) for fact, field in _RECORD.items()}


def _recorded(text: str) -> Said:
    if text.lower() in _PLACEHOLDERS:
        return UnreadableError(f'the firmware says "{text}"' if text else "the firmware says nothing")
    return text
