"""What a manifest must not let pass: an instance lost, changed, or there once more than before."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from builder.wayback.manifest import Manifest, Stored, differences, find_script, instances, line_of, manifest_of

ONE = Stored("1.2.1", 100, "aa", "1.9", "pp", "aa")
TWO = Stored("1.2.2", 200, "bb", "1.9", "pp", "bb")


def test_lines_are_read_back() -> None:
    text = "".join(f"{line_of(one)}\n" for one in (TWO, ONE))
    assert manifest_of(instances(text)) == Manifest((ONE, TWO))
    with pytest.raises(ValueError, match="no line of a manifest"):
        list(instances("1.2.1\t100\taa"))


def test_what_came_in_addition_is_no_difference() -> None:
    assert differences(Manifest((ONE,)), Manifest((ONE, TWO))) == ()


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ((), "instance 1.2.1 is missing"),
        ((replace(ONE, real="cc"),), "instance 1.2.1 is another one: 100 bytes, MD5 cc"),
        ((replace(ONE, real=""),), "instance 1.2.1 is another one: 100 bytes, MD5 of nothing"),
        ((replace(ONE, patient="qq"),), "instance 1.2.1 is another one: 100 bytes, MD5 aa"),
        ((ONE, ONE), "instance 1.2.1 is there 2 times, and was there 1 times"),
        ((ONE, TWO, TWO), "instance 1.2.2 came 2 times"),
    ],
)
def test_what_is_lost_changed_or_doubled_is_said(after: tuple[Stored, ...], said: str) -> None:
    assert differences(Manifest((ONE,)), Manifest(after)) == (said,)


def test_one_uid_in_two_series_is_no_double_when_it_was_so_before() -> None:
    other = replace(ONE, study="1.8")
    assert differences(Manifest((ONE, other)), Manifest((other, ONE))) == ()


def test_the_digest_knows_patient_study_size_and_hash_and_no_order() -> None:
    digest = manifest_of((ONE, TWO)).digest
    assert manifest_of((TWO, ONE)).digest == digest
    for other in (
        replace(ONE, patient="x"),
        replace(ONE, study="x"),
        replace(ONE, size=1),
        replace(ONE, md5="x"),
        replace(ONE, real=""),
    ):
        assert manifest_of((other, TWO)).digest != digest
    assert manifest_of((replace(ONE, real="zz"), TWO)).broken == (replace(ONE, real="zz"),)


def test_second_names_beside_the_images_are_no_instances(tmp_path: Path) -> None:
    for place in ("ab/cd/one", ".way-back/run/ab/cd/one", "loose"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(b"")
    said = subprocess.run(["sh", "-c", find_script()], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert said.stdout == "ab/cd/one\0"
