"""Whatever a file holds, reading it ends in a model or in sentences, never in a traceback."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from builder.inventory.rules import check_site
from builder.load import LoadErrors, load_site
from builder.load.shape import fields_of
from builder.load.sheets import load_sheet
from builder.models.sheet import Sheet
from builder.models.site import Site
from tests.unit.bad_files import SHEETS, TODAY, absent

CHECKOUT = Path(__file__).parents[2]
SITE_TEXT = (CHECKOUT / "inventory" / "example" / "site.yml").read_text(encoding="utf-8")
SHEET_TEXT = (CHECKOUT / "specs" / "orthanc-1.12.yml").read_text(encoding="utf-8")
SECRET = "s3cr3t-written-out"

# The folder of a test is shared by its examples: each of them writes the file anew.
fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _words(node: Any) -> set[str]:
    """Every key and text of a YAML document."""
    if isinstance(node, dict):
        return {str(key) for key in node} | {word for value in node.values() for word in _words(value)}
    if isinstance(node, list):
        return {word for value in node for word in _words(value)}
    return {str(node)}


MORE_SHEETS = [(CHECKOUT / "specs" / f"{name}.yml").read_text(encoding="utf-8") for name in ("bviewer", "eccet")]
PLAIN_SITE: dict[str, Any] = yaml.load(SITE_TEXT, Loader=yaml.BaseLoader)
PLAIN_SHEET: dict[str, Any] = yaml.load(SHEET_TEXT, Loader=yaml.BaseLoader)
WORDS = sorted(_words(PLAIN_SITE) | _words(PLAIN_SHEET) | set(fields_of(Site)) | set(fields_of(Sheet)))
ODD = ["", "0", "-1", "1e999", "nan", "9" * 400, "00:00", "23:59", "2026-02-30", "10.78.0.0/24", "\\", "\u202e", "a\nb"]
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.sampled_from(WORDS + ODD)
)
structures = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=8)), inner, max_size=6),
    ),
    max_leaves=25,
)


def _judge(file: Path, load: Callable[[Path], Any]) -> str:
    """What is said of the file; an empty text when it is good."""
    try:
        loaded = load(file)
        problems: tuple[Any, ...] = ()
        if isinstance(loaded.value, Site):
            faults = check_site(loaded.value, SHEETS, today=TODAY, secret_problem=absent)
            problems = tuple(loaded.problem(fault.path, fault.what, fault.remedy) for fault in faults)
    except LoadErrors as refusal:
        problems = refusal.problems
        assert problems
    for problem in problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.what
        assert problem.remedy
        assert str(problem).isprintable()
        assert "pydantic" not in str(problem)
    return "\n".join(map(str, problems))


def _written(folder: Path, content: str | bytes) -> Path:
    file = folder / "file.yml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return file


def _dumped(document: Any) -> str:
    return str(yaml.safe_dump(document, allow_unicode=True, sort_keys=False))


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path of a document but the empty one."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [found for key, value in items for found in [(*path, key), *_places(value, (*path, key))]]


def _changed(document: Any, path: tuple[Any, ...], value: Any, how: str) -> Any:
    changed = copy.deepcopy(document)
    parent = changed
    for step in path[:-1]:
        parent = parent[step]
    if how == "replace":
        parent[path[-1]] = value
    elif how == "remove":
        del parent[path[-1]]
    elif isinstance(parent, list):
        parent.insert(path[-1], copy.deepcopy(parent[path[-1]]))
    else:
        parent[f"{path[-1]}x"] = parent.pop(path[-1])
    return changed


@pytest.mark.parametrize("load", [load_site, load_sheet])
@fuzz
@given(content=st.binary(max_size=300))
def test_any_bytes(load: Callable[[Path], Any], tmp_path: Path, content: bytes) -> None:
    assert _judge(_written(tmp_path, content), load)


@pytest.mark.parametrize("load", [load_site, load_sheet])
@fuzz
@given(content=st.text(alphabet="ab0 \n\t:-?,[]{}#&*!|>'\"%@`\\~<\u2028\x85é", max_size=80))
def test_any_signs_of_yaml(load: Callable[[Path], Any], tmp_path: Path, content: str) -> None:
    assert _judge(_written(tmp_path, content), load)


@pytest.mark.parametrize("load", [load_site, load_sheet])
@fuzz
@given(document=structures)
def test_any_structure(load: Callable[[Path], Any], tmp_path: Path, document: Any) -> None:
    assert _judge(_written(tmp_path, _dumped(document)), load)


@pytest.mark.parametrize(
    ("plain", "load"),
    [(PLAIN_SITE, load_site), (PLAIN_SHEET, load_sheet), *((yaml.load(text, Loader=yaml.BaseLoader), load_sheet)
                                                           for text in MORE_SHEETS)],
    ids=["site", "sheet", "sheet-levels", "sheet-formulas"],
)  # fmt: skip
@fuzz
@given(data=st.data())
def test_a_good_file_changed_in_some_places(
    plain: dict[str, Any], load: Callable[[Path], Any], tmp_path: Path, data: st.DataObject
) -> None:
    document: Any = plain
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(_places(document)))
        how = data.draw(st.sampled_from(["replace", "replace", "remove", "double"]))
        document = _changed(document, path, data.draw(structures), how)
    _judge(_written(tmp_path, _dumped(document)), load)


@pytest.mark.parametrize(("text", "load"), [(SITE_TEXT, load_site), (SHEET_TEXT, load_sheet)], ids=["site", "sheet"])
@fuzz
@given(data=st.data())
def test_a_good_text_with_a_piece_cut_out_or_put_in(
    text: str, load: Callable[[Path], Any], tmp_path: Path, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 30))
    piece = data.draw(st.text(alphabet="ab0 \n\t:-?,[]{}#&*!|>'\"%@`\\", max_size=6))
    _judge(_written(tmp_path, text[:start] + piece + text[start + length :]), load)


SECRET_PLACES = [
    ("vault", "password"),
    ("ca", "key"),
    ("hosts", 0, "archive", "database_password"),
    ("hosts", 0, "archive", "users", 0, "password"),
    ("hosts", 0, "archive", "backup", "password"),
]


@fuzz
@given(data=st.data())
def test_a_secret_that_was_written_out_is_never_repeated(tmp_path: Path, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(SECRET_PLACES))
    shape = data.draw(
        st.sampled_from(
            [
                SECRET,
                [SECRET],
                {SECRET: None},
                {"value": SECRET},
                {"password": SECRET},
                {"command": SECRET},
                {"command": {SECRET: SECRET}},
                {"vault": [SECRET]},
                {"env": {"x": SECRET}},
                {SECRET: {SECRET: 1}},
                {"prompt": SECRET},
            ]
        )
    )
    said = _judge(_written(tmp_path, _dumped(_changed(PLAIN_SITE, path, shape, "replace"))), load_site)
    assert said
    assert SECRET not in said
