"""The pages for people speak of this house as it is: files, functions, verbs, quotations and links exist."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.main

from builder.cli.main import app
from builder.render.rendered import FILES as RENDERED

ROOT = Path(__file__).resolve().parents[2]
TOUR = ROOT / "docs" / "tour.md"
DECISIONS = ROOT / "docs" / "decisions"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
# What the repository holds; .pem, .csr, .cfg, .db and the like are made on a machine and are not looked for.
SUFFIXES = (".py", ".yml", ".toml", ".md", ".j2", ".json", ".lock", ".template")
CODE = ("builder", "roles", "tests", "scripts", "benchmarks", "specs", "inventory", "schema", "docs")
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)")


def name_of(page: Path) -> str:
    """The page as pytest shows it."""
    return str(page.relative_to(ROOT))


def spans(page: Path) -> list[str]:
    """What stands between backticks outside of fenced blocks; a line break counts as a space."""
    return [" ".join(span.split()) for span in SPAN.findall(FENCE.sub("", page.read_text("utf-8")))]


def is_path(text: str) -> bool:
    """Whether a span names a file or folder of the repository, and one that a reader could open as it stands."""
    if re.search(r"[\s<>{}\u2026()]", text) or text.startswith(("/", ".pacsmith/", "~")):
        return False
    return text.endswith(SUFFIXES) or (text.endswith("/") and text.startswith(tuple(f"{folder}/" for folder in CODE)))


@cache
def files() -> tuple[Path, ...]:
    """Every file of the rooms, relative to the root."""
    found = (path for folder in CODE for path in (ROOT / folder).rglob("*") if path.is_file())
    return tuple(path.relative_to(ROOT) for path in found if "__pycache__" not in path.parts)


def there(text: str) -> bool:
    """A path from the root or below builder/, `*` allowed; a bare name anywhere in the rooms, or rendered."""
    if text in RENDERED:
        return True
    if "/" not in text:
        return (ROOT / text).exists() or any(path.match(text) for path in files())
    return any(next(base.glob(text.rstrip("/")), None) is not None for base in (ROOT, ROOT / "builder"))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_named_exist(page: Path) -> None:
    assert [span for span in spans(page) if is_path(span) and not there(span)] == []


def defined(text: str) -> bool:
    """`name()` is defined somewhere; `Class.name()` in a file with that class, `module.name()` in that module."""
    owner, _, name = text.removesuffix("()").rpartition(".")
    for path in files():
        if path.suffix != ".py" or path.parts[0] == "tests":
            continue
        code = (ROOT / path).read_text("utf-8")
        owned = not owner or path.stem == owner or re.search(rf"^class {owner}\b", code, re.MULTILINE)
        if owned and re.search(rf"^ *def {name}\(", code, re.MULTILINE):
            return True
    return False


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_functions_named_exist(page: Path) -> None:
    calls = [span for span in spans(page) if re.fullmatch(r"[A-Za-z_][\w.]*\(\)", span)]
    assert [call for call in calls if not defined(call)] == []


def verbs_named(page: Path) -> Iterator[tuple[str, str]]:
    """(`verb`, the word after it) wherever a command is shown: between backticks, in fences and in indented blocks."""
    text = page.read_text("utf-8")
    shown = [*spans(page), *(match["text"] for match in FENCE.finditer(text))]
    shown += [line for line in text.splitlines() if line.startswith("    ")]
    for part in shown:
        for line in part.splitlines():
            yield from re.findall(r"(?:^|[\s/])pacsmith ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", line.split(" # ")[0])


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_verbs_named_exist(page: Path) -> None:
    known = getattr(typer.main.get_command(app), "commands")  # noqa: B009 - a group's, which its type does not say
    for verb, word in verbs_named(page):
        assert verb in known, f"pacsmith {verb}"
        below = getattr(known[verb], "commands", None)
        assert below is None or not word or word in below, f"pacsmith {verb} {word}"


def test_readme_names_every_verb() -> None:
    known = getattr(typer.main.get_command(app), "commands")  # noqa: B009 - as above
    rows = "".join(line for line in (ROOT / "README.md").read_text("utf-8").splitlines() if line.startswith("| `"))
    assert sorted(set(known) - set(SPAN.findall(rows))) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_make_targets_named_exist(page: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = [span.split()[1] for span in spans(page) if re.fullmatch(r"make [a-z-]+", span)]
    assert [name for name in named if name not in targets] == []


def test_the_tour_quotes_word_for_word() -> None:
    """A fenced block that names a file after its language is an excerpt: each of its lines stands in that file."""
    quoted = [(match["info"].split()[1], match["text"]) for match in FENCE.finditer(TOUR.read_text("utf-8"))
              if len(match["info"].split()) == 2]  # fmt: skip
    assert len(quoted) >= 3
    for file, text in quoted:
        lines = (ROOT / file).read_text("utf-8").splitlines()
        assert [line for line in text.splitlines() if line and line not in lines] == [], file


def test_every_room_of_the_tour_says_where_to_begin() -> None:
    rooms = re.split(r"^## ", TOUR.read_text("utf-8"), flags=re.MULTILINE)[1:]
    numbered = [room for room in rooms if room[0].isdigit()]
    assert [room.splitlines()[0] for room in numbered if "**Open first**" not in room or "**See it**" not in room] == []
    assert [int(room.split(".")[0]) for room in numbered] == list(range(1, len(numbered) + 1))


@pytest.mark.parametrize("page", PAGES[1:], ids=name_of)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(FENCE.sub("", page.read_text("utf-8"))) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_decision_is_in_the_index() -> None:
    pages = {path.name for path in DECISIONS.glob("[0-9]*.md")}
    linked = LINK.findall((DECISIONS / "README.md").read_text("utf-8"))
    assert sorted(pages) == sorted(linked)
