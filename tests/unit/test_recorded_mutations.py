"""Recorded outputs that are damaged: what is read from them is what the whole ones say, or unknown with the reason.

Lists without an end (of lspci and WMI) that are cut exactly between two things look whole: then the later things are
not there, and what counts or adds up the things counts fewer (LISTS). The live survey marks the end of every answer
(`builder/survey/script.py`), so only a recorded file can be cut so.
"""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.models.fact import Fact
from builder.survey.tools import TOOLS, facts_of
from tests.unit.test_recorded_samples import SAID, SAMPLES
from tests.unit.test_recorded_tools import FILES as OWN
from tests.unit.test_recorded_tools import read, tool_of

LISTS = (
    "cpu.cores", "cpu.sockets_used", "cpu.threads", "drives.count", "drives.models", "gpu.count", "gpu.driver",
    "gpu.model", "gpus.count", "gpus.models", "memory.installed", "memory.modules", "memory.parts", "memory.places",
    "memory.slots_used", "network.adapters", "network.duplex", "network.mtu", "network.speed",
)  # fmt: skip
ENDLESS = ("lspci", "wmi")
FILES = (*OWN, *(SAMPLES / name for name in SAID if SAMPLES.is_dir()))
"""Our own, and those of real machines where they lie beside the checkout."""
PARTS = 24
"""How many cuts of each file are tried."""
MANY = 70
"""Of files with more lines so many are removed in their turn, of others every line."""


def check(file: Path, content: bytes, excused: tuple[str, ...] = ()) -> dict[str, Fact]:
    """The facts of a damaged output: each is that of the whole one, or says why it is not known."""
    whole, tool = read(file), tool_of(file)
    facts = facts_of(tool, content)
    assert set(tool.promises) <= set(facts)
    assert set(facts) <= set(whole), set(facts) - set(whole)
    for name, fact in facts.items():
        if fact.error is not None:
            assert fact.error.strip(), name
        elif name not in excused:
            before = whole[name]
            assert (fact.value, type(fact.value), fact.absent) == (before.value, type(before.value), before.absent), (
                name
            )
    return facts


def of_text(file: Path) -> tuple[str, str]:
    """The text and its encoding."""
    content = file.read_bytes()
    encoding = "utf-16" if content.startswith(b"\xff\xfe") else "utf-8"
    return content.decode(encoding), encoding


def is_binary(file: Path) -> bool:
    return file.suffix == ".bin"


TEXTS = [file for file in FILES if not is_binary(file)]


def identified(file: Path) -> str:
    return f"{file.parent.name}/{file.name}"


def cuts(content: bytes) -> Iterator[bytes]:
    """Parts of a file from its beginning, at places that are the same in every run."""
    places = random.Random(len(content)).sample(range(len(content)), min(PARTS, len(content)))
    yield from (content[:place] for place in places)


def excused(file: Path, part: bytes) -> tuple[str, ...]:
    """LISTS where a list without an end was cut between two of its things, else nothing."""
    if file.parent.name not in ENDLESS:
        return ()
    text, encoding = of_text(file)
    left = part.decode(encoding, "ignore").rstrip()
    return LISTS if re.match(r"(?:\r?\n){2}", text[len(left) :]) else ()


@pytest.mark.parametrize("file", FILES, ids=identified)
def test_cut_off_at_any_byte(file: Path) -> None:
    content = file.read_bytes()
    for part in cuts(content):
        check(file, part, excused(file, part))


@pytest.mark.parametrize("file", TEXTS, ids=identified)
def test_cut_off_after_any_line(file: Path) -> None:
    text, encoding = of_text(file)
    lines = text.splitlines(keepends=True)
    for end in random.Random(len(lines)).sample(range(len(lines)), min(PARTS, len(lines))):
        part = "".join(lines[:end]).encode(encoding)
        check(file, part, excused(file, part))


@pytest.mark.parametrize("file", TEXTS, ids=identified)
def test_a_line_removed(file: Path) -> None:
    text, encoding = of_text(file)
    lines = text.splitlines(keepends=True)
    every = range(len(lines))
    for at in every if len(lines) < MANY else random.Random(len(lines)).sample(every, MANY):
        check(file, "".join(lines[:at] + lines[at + 1 :]).encode(encoding))


@pytest.mark.parametrize("file", TEXTS, ids=identified)
def test_some_lines_removed_together(file: Path) -> None:
    text, encoding = of_text(file)
    lines = text.splitlines(keepends=True)
    chance = random.Random(len(text))
    for _ in range(PARTS):
        at, count = chance.randrange(len(lines)), chance.randrange(2, 5)
        check(file, "".join(lines[:at] + lines[at + count :]).encode(encoding))


@pytest.mark.parametrize("file", [file for file in FILES if is_binary(file)], ids=identified)
def test_a_bit_turned_over(file: Path) -> None:
    """The checksum of the block tells: nothing of a damaged base block, no mode where an extension is damaged."""
    content = file.read_bytes()
    for at in range(len(content)):
        damaged = bytearray(content)
        damaged[at] ^= 1 << at % 8
        check(file, bytes(damaged))


def with_line_ends(text: str) -> bytes:
    return re.sub(r"\r*\n", "\r\n", text).encode()


UNHARMED: dict[str, Callable[[str], bytes]] = {
    "CRLF": with_line_ends,
    "CR CRLF, as wmic through a pipe": lambda text: re.sub(r"\r*\n", "\r\r\n", text).encode(),
    "UTF-8 with a mark": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "UTF-16 little-endian": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "UTF-16 big-endian": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
}


@pytest.mark.parametrize("how", UNHARMED)
@pytest.mark.parametrize("file", TEXTS, ids=identified)
def test_written_down_in_another_way_it_says_the_same(file: Path, how: str) -> None:
    facts = check(file, UNHARMED[how](of_text(file)[0]))
    whole = read(file)
    assert {name: fact.error for name, fact in facts.items()} == {name: fact.error for name, fact in whole.items()}
    assert set(facts) == set(whole)


@pytest.mark.parametrize("file", TEXTS, ids=identified)
def test_a_decimal_comma_is_no_other_number(file: Path) -> None:
    """Amounts with a fraction before a unit, a mark or the line's end."""
    text, encoding = of_text(file)
    other = re.sub(r"(?<=[0-9])\.(?=[0-9]+ (?:MiB|MHz|V|W|C|%|MB|GB|KHz|Hz)\b|[0-9]{2}(?:\*|\+|  |$))", ",", text)
    other = re.sub(r"([0-9]) (MiB|MB|GB|MHz|C)\b", r"\1,0 \2", other)
    check(file, other.encode(encoding))


AMOUNTS = re.compile(r"(?<=[>:=] )?[0-9]+ (?:MiB|GB|MB|MT/s|MHz|C)\b")


@pytest.mark.parametrize(
    "instead", ["N/A", "[N/A]", "[Insufficient Permissions]", "Requested functionality has been deprecated",
                "Unknown", "", "<OUT OF SPEC>", "-1 MiB", "ERR!", "много"],
)  # fmt: skip
@pytest.mark.parametrize("file", [file for file in TEXTS if file.suffix != ".wmi"], ids=identified)
def test_an_amount_that_is_not_told(file: Path, instead: str) -> None:
    """One after the other, and all at once."""
    text, encoding = of_text(file)
    for found in list(AMOUNTS.finditer(text))[:12]:
        leaves_out(file, (text[: found.start()] + instead + text[found.end() :]).encode(encoding))
    leaves_out(file, AMOUNTS.sub(instead, text).encode(encoding))


def leaves_out(file: Path, content: bytes) -> None:
    """As `check`, but the text on the modules may leave a speed out. It states none that the whole output does not."""
    said = check(file, content, ("memory.modules",)).get("memory.modules")
    if said is not None and said.value is not None:
        now, before = str(said.value), str(read(file)["memory.modules"].value)
        for kind in (r"[0-9]+ [GM]iB", r"at [0-9]+"):
            assert set(re.findall(kind, now)) <= set(re.findall(kind, before))
        assert set(re.findall(r"[0-9]{3,}", now)) <= set(re.findall(r"[0-9]{3,}", before))


@pytest.mark.parametrize("instead", ["", "N/A", "-1", "18446744073709551616000", "1,5", "NULL"])
@pytest.mark.parametrize("file", [file for file in TEXTS if file.suffix == ".wmi"], ids=identified)
def test_a_number_that_windows_does_not_tell(file: Path, instead: str) -> None:
    text, encoding = of_text(file)
    for name in sorted(set(re.findall(r"^([A-Za-z]+)=[0-9]+\r?$", text, re.MULTILINE))):
        changed = re.sub(rf"^{name}=[0-9]+(?=\r?$)", f"{name}={instead}", text, flags=re.MULTILINE)
        check(file, changed.encode(encoding))


@given(st.sampled_from(sorted(TOOLS)), st.binary(max_size=300))
def test_no_bytes_at_all_are_a_fault_of_ours(name: str, content: bytes) -> None:
    assert set(TOOLS[name].promises) <= set(facts_of(TOOLS[name], content))


@given(st.sampled_from(TEXTS), st.data())
def test_any_line_may_say_anything(file: Path, data: st.DataObject) -> None:
    """Never a traceback, whatever a line holds; what it then says cannot be checked."""
    text, encoding = of_text(file)
    lines = text.splitlines(keepends=True)
    lines[data.draw(st.integers(0, len(lines) - 1))] = data.draw(st.text(max_size=60)) + "\n"
    facts_of(tool_of(file), "".join(lines).encode(encoding, "replace"))
