"""A plan's file: written whole and for few eyes, read back equal, refused when it is not what it was."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder.errors import BadInput
from builder.load.plan import load_plan, plan_of
from builder.models.plan import WrittenPlan
from builder.workflows.plan import write
from tests.unit.plan_sample import MADE, plan_sample

GOLDEN = Path(__file__).parent / "golden" / "plan"


def test_a_plan_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "tonight.json"
    write(plan_sample(), file)
    assert load_plan(file) == plan_sample()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["tonight.json"], "nothing half written lies beside it"


def test_the_form_of_the_file_is_kept() -> None:
    """Whoever reads plans with a program of their own must not be surprised: raise the form when this must change."""
    golden = GOLDEN / "two-hosts.form-1.json"
    if os.environ.get("PACSMITH_REWRITE_GOLDEN"):
        golden.write_text(plan_sample().text, encoding="utf-8")
    assert plan_sample().text == golden.read_text(encoding="utf-8")
    assert plan_of(golden.read_text(encoding="utf-8"), golden) == plan_sample()


def test_a_disk_that_refuses_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file is in the way")
    with pytest.raises(BadInput, match=r"--out .*plan\.json: cannot be written \(.*\); choose another file"):
        write(plan_sample(), tmp_path / "folder" / "plan.json")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def changed(**fields: Any) -> Callable[[str], str]:
    return lambda text: json.dumps(json.loads(text) | fields)


BAD: dict[str, tuple[Callable[[str], str], str]] = {
    "cut short": (lambda text: text[:-200], "is damaged, it is no whole JSON"),
    "empty": (lambda text: "", "is damaged, it is no whole JSON"),
    "another JSON": (lambda text: '{"steps": []}', "this is no plan of pacsmith"),
    "a list": (lambda text: "[1]", "this is no plan of pacsmith"),
    "nested for ever": (lambda text: "[" * 100_000, "is damaged, it is no whole JSON"),
    "a later form": (changed(format=2), "a plan of form 2, and this pacsmith knows form 1"),
    "a form that is none": (changed(format=True), "a plan of form True, and this pacsmith knows form 1"),
    "a field gone": (lambda text: text.replace('"who"', '"whose"'), "is damaged at who"),
    "a wrong kind": (changed(made="soon"), "is damaged at made"),
    "no host": (changed(hosts=[]), "is damaged at hosts"),
    "edited": (lambda text: text.replace('\\"AllowStore\\": true', '\\"AllowStore\\": false'),
               "is not as it was written (its digest does not fit)"),
    "another site's name": (changed(site="dale"), "is not as it was written (its digest does not fit)"),
}  # fmt: skip


@pytest.mark.parametrize("how", BAD)
def test_what_is_no_whole_plan_is_refused_in_one_sentence(how: str, tmp_path: Path) -> None:
    spoil, sentence = BAD[how]
    file = tmp_path / "plan.json"
    file.write_text(spoil(plan_sample().text), encoding="utf-8")
    with pytest.raises(BadInput) as fault:
        load_plan(file)
    said = str(fault.value)
    assert sentence in said
    assert said.startswith(f"{file}: ")
    assert "pacsmith plan --out FILE" in said
    assert "\n" not in said


def test_what_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cannot be read \(No such file or directory\)"):
        load_plan(tmp_path / "none.json")
    (tmp_path / "bytes.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="no text, so no plan"):
        load_plan(tmp_path / "bytes.json")


@pytest.mark.parametrize("place", range(0, 2220, 97))
def test_a_byte_that_was_lost_is_found_out(place: int, tmp_path: Path) -> None:
    text = plan_sample().text
    assert place < len(text)
    spoilt = text[:place] + text[place + 1 :]
    if json_equal(spoilt, text):
        return
    with pytest.raises(BadInput):
        plan_of(spoilt, tmp_path / "plan.json")


def json_equal(spoilt: str, text: str) -> bool:
    """White space may be lost: it says nothing."""
    try:
        return bool(json.loads(spoilt) == json.loads(text))
    except ValueError:
        return False


def test_a_plan_without_its_digest_is_none(tmp_path: Path) -> None:
    bare: WrittenPlan = plan_sample().model_copy(update={"digest": ""})
    with pytest.raises(BadInput, match="digest does not fit"):
        plan_of(bare.text, tmp_path / "plan.json")
    assert plan_sample().made == MADE
