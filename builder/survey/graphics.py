"""The graphics cards, as NVIDIA's own tool tells of them."""

import re
from collections.abc import Callable, Mapping
from xml.etree import ElementTree

from builder.models.quantity import amount, shown
from builder.survey import graphics_driver
from builder.survey.answers import alike
from builder.survey.lspci import key
from builder.survey.question import ABSENT, Noted, Question, Reply, Said, UnreadableError

COMMAND = "nvidia-smi -q -x"
CARDS = ("gpu.architecture", "gpu.bios", "gpu.count", "gpu.cuda", "gpu.display_active", "gpu.driver", "gpu.ecc",
         "gpu.memory", "gpu.mig", "gpu.model", "gpu.temperature")  # fmt: skip
_SILENT = UnreadableError("nvidia-smi does not say")
_NOTHING = {"", "n/a", "err!", "unknown error", "not supported", "insufficient permissions", "redacted",
            "gpu requires reset", "requested functionality has been deprecated"}  # fmt: skip


def questions() -> tuple[Question, ...]:
    """What a reading station is asked of its graphics."""
    return (
        Question("graphics", COMMAND, CARDS, cards, beside=True),
        *graphics_driver.questions(),
    )


def cards(reply: Reply) -> dict[str, Said]:
    """`nvidia-smi -q -x`: the driver, and a `gpu` element a card (versions 10 to 13 of its document type).

    The memory is the card's own, not that of a MIG instance. What several cards do not have in common is unread: nobody
    knows which of them a sheet means. Raises UnreadableError when the tool failed or printed something else.
    """
    log = _document(reply)
    found = log.findall("gpu")
    if not found:
        raise UnreadableError("nvidia-smi lists no card")
    attached = _text(log, "attached_gpus")
    hidden = f"of {attached} cards {_answer(len(found))}" if attached not in (None, str(len(found))) else None
    every = f"each of {len(found)} cards" if len(found) > 1 else None

    def of_all(read: Callable[[ElementTree.Element], Said], *notes: str | None) -> Said:
        return _noted(alike([read(card) for card in found], "cards"), hidden, every, *notes)

    return {
        **{f"gpu.{what}": of_all(read) for what, read in _READ.items()},
        "gpu.count": _count(len(found), attached),
        "gpu.cuda": _version(log, "cuda_version"),
        "gpu.driver": _version(log, "driver_version"),
        "gpu.memory": of_all(_memory, *(_instances(card) for card in found[:1])),
        **{name: value for card in found for name, value in _each(card).items()},
    }


def _each(card: ElementTree.Element) -> dict[str, Said]:
    """What one card says, by its address on the PCI bus: `gpus.43-00-0.memory`, as lspci's facts of it are called."""
    try:
        place = key(_text(card, "pci/pci_bus_id") or card.get("id") or "")
    except UnreadableError:
        return {}
    own = {what: read(card) for what, read in _READ.items()}
    own |= {"memory": _noted(_memory(card), _instances(card)), "serial": _said(card, "serial")}
    return {f"gpus.{place}.{what}": value for what, value in own.items()}


def _document(reply: Reply) -> ElementTree.Element:
    lines = [line.strip() for line in reply.text.splitlines() if line.strip()]
    if lines and not lines[0].startswith("<"):  # it complains on standard output, also when that was recorded alone
        said = re.sub(r"[\x00-\x1f\x7f]+", " ", lines[0])[:200].strip(". ")
        raise UnreadableError(said or "nvidia-smi did not print text")
    text = reply.checked()
    if "<!ENTITY" in text:
        raise UnreadableError("nvidia-smi does not print entities, so this is not its answer")
    try:
        log = ElementTree.fromstring(text.strip())
    except ElementTree.ParseError as fault:
        raise UnreadableError("nvidia-smi did not print a whole document") from fault
    if log.tag != "nvidia_smi_log":
        raise UnreadableError("nvidia-smi did not print its log")
    return log


def _text(element: ElementTree.Element, path: str) -> str | None:
    said = (element.findtext(path) or "").strip()
    return None if said.lower().strip("[]") in _NOTHING else said


def _said(element: ElementTree.Element, path: str) -> Said:
    return _text(element, path) or _silent(element, path)


def _silent(element: ElementTree.Element, path: str) -> UnreadableError:
    """Why there is no answer: what the tool writes in its place, if anything."""
    told = " ".join((element.findtext(path) or "").split())
    return UnreadableError(f'nvidia-smi says "{told[:80]}"') if told else _SILENT


def _version(element: ElementTree.Element, path: str) -> Said:
    said = _text(element, path)
    return said if said and re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4}){1,3}", said) else _silent(element, path)


def _switch(element: ElementTree.Element, path: str) -> Said:
    known: Mapping[str | None, Said] = {"Enabled": True, "Disabled": False, "Yes": True, "No": False}
    return known.get(_text(element, path), _silent(element, path))


def _temperature(card: ElementTree.Element) -> Said:
    match = re.fullmatch(r"(-?[0-9]{1,3}) C", _text(card, "temperature/gpu_temp") or "")
    return int(match[1]) if match else _silent(card, "temperature/gpu_temp")


def _count(listed: int, attached: str | None) -> Said:
    if attached == str(listed):
        return listed
    if attached is None:
        return _SILENT
    return UnreadableError(f"{attached} cards are attached and {_answer(listed)}")


def _answer(cards: int) -> str:
    return "1 answers" if cards == 1 else f"{cards} answer"


def _memory(card: ElementTree.Element) -> Said:
    text = _text(card, "fb_memory_usage/total")
    if text is None:
        return _silent(card, "fb_memory_usage/total")
    try:
        return int(amount(text, "bytes"))
    except ValueError as wrong:
        return UnreadableError(f"nvidia-smi states the memory so: {wrong}")


def _instances(card: ElementTree.Element) -> str | None:
    """How a card in MIG mode is cut up: a program gets one instance, and the card's memory is not its own."""
    if _text(card, "mig_mode/current_mig") != "Enabled":
        return None
    sizes = [_memory(one) for one in card.findall("mig_devices/mig_device")]
    told = sorted({shown(size, "bytes") for size in sizes if isinstance(size, int)})
    return f"cut into {len(sizes)} MIG instances" + (f" of {' and '.join(told)}" if told else "")


def _error_correction(card: ElementTree.Element) -> Said:
    """N/A is a card whose memory has none."""
    none = (card.findtext("ecc_mode/current_ecc") or "").strip() == "N/A"
    return ABSENT if none else _switch(card, "ecc_mode/current_ecc")


def _mig(card: ElementTree.Element) -> Said:
    """N/A is a card that cannot be cut up."""
    none = (card.findtext("mig_mode/current_mig") or "").strip() == "N/A"
    return False if none else _switch(card, "mig_mode/current_mig")


_READ: Mapping[str, Callable[[ElementTree.Element], Said]] = {
    "architecture": lambda card: _said(card, "product_architecture"),
    "bios": lambda card: _said(card, "vbios_version"),
    "display_active": lambda card: _switch(card, "display_active"),
    "ecc": _error_correction,
    "mig": _mig,
    "model": lambda card: _said(card, "product_name"),
    "temperature": _temperature,
}


def _noted(value: Said, *notes: str | None) -> Said:
    told = "; ".join(note for note in notes if note)
    return Noted(value, told) if told and isinstance(value, bool | int | float | str) else value
