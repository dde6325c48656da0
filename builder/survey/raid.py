"""RAID: the arrays that the kernel keeps (`/proc/mdstat`), and controllers that keep their own (lspci)."""

import re

from builder.survey.lspci import records
from builder.survey.question import ABSENT, Question, Reply, Said, UnreadableError

_ARRAYS = "if [ -e /proc/mdstat ]; then cat /proc/mdstat; else echo 'no md'; fi"
# PCI Code and ID, class 01h; what hangs on them looks like one drive, or is passed through.
_CLASSES = re.compile(r"\[0104\]|\[0107\]|^RAID bus controller|^Serial Attached SCSI controller")
_ARRAY = re.compile(r"^(?P<name>md\S*) : (?P<state>active|inactive)(?: \([a-z-]+\))?(?: (?P<level>raid\d+|linear))?"
                    r"(?P<members>(?: \S+\[\d+\](?:\([A-Z]\))*)*)$")  # fmt: skip
_WHOLE = re.compile(r"\[(\d+)/(\d+)\] \[([U_]+)\]")


def questions() -> tuple[Question, ...]:
    """What every Linux host is asked of its arrays."""
    return (Question("raid", _ARRAYS, ("raid.arrays", "raid.health"), arrays),)


def arrays(reply: Reply) -> dict[str, Said]:
    """`/proc/mdstat`: a line an array and lines below it; a member that is missing is `_` in `[2/1] [U_]`."""
    text = reply.checked()
    if text.strip() == "no md":
        return {"raid.arrays": ABSENT, "raid.health": ABSENT}
    if not text.startswith("Personalities :") or not re.search(r"^unused devices: .+\n\Z", text, re.MULTILINE):
        raise UnreadableError("the kernel's list of arrays is not whole")
    blocks = [block for block in re.split(r"\n(?=md)", text) if block.startswith("md")]
    if not blocks:
        return {"raid.arrays": ABSENT, "raid.health": ABSENT}
    found = dict(_array(block) for block in blocks)
    ill = {name: why for name, (_, why) in found.items() if why}
    told = "; ".join(f"{name} {what}" for name, (what, _) in sorted(found.items()))
    worst = "; ".join(f"{name} {why}" for name, why in sorted(ill.items()))
    return {"raid.arrays": told, "raid.health": worst or "healthy"}


def _array(block: str) -> tuple[str, tuple[str, str | None]]:
    """Its name; level and members; what is wrong with it, if anything."""
    first, _, below = block.partition("\n")
    match = _ARRAY.match(first)
    if match is None:
        raise UnreadableError("the kernel's list of arrays is not understood")
    members = sorted(re.findall(r" ([^\s[]+)\[", match["members"]))
    what = f"{match['level'] or 'of no level'} of {' '.join(members) or 'nothing'}"
    return match["name"], (what, _fault(match["state"], match["members"], below))


def _fault(state: str, members: str, below: str) -> str | None:
    if state == "inactive":
        return "does not run"
    whole = _WHOLE.search(below)
    missing = whole is not None and (whole[1] != whole[2] or "_" in whole[3])
    if not missing and "(F)" not in members:
        return None
    again = re.search(r"(recovery|resync|reshape|check) = *([0-9.]+%)", below)
    return f"degraded, {again[1]} at {again[2]}" if again else "degraded"


def controllers(reply: Reply | None) -> Said:
    """RAID and SAS controllers in what `lspci -nnmmv` says; a list that has none may be one that was cut."""
    if reply is None:
        return UnreadableError("the answer of the host was cut off")
    try:
        found = [one for one in records(reply.checked()) if _CLASSES.search(one["Class"])]
    except UnreadableError as why:
        return why
    names = [re.sub(r" ?\[[0-9a-f]{4}\]", "", f"{one.get('Vendor', '')} {one.get('Device', '')}") for one in found]
    return ", ".join(sorted(name.strip() for name in names)) or UnreadableError("lspci lists no RAID or SAS controller")
