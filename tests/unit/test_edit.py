"""Values of a site file are changed where they stand, and nothing else is."""

import json
from difflib import ndiff
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.load.edit import edited
from builder.load.loaded import load
from builder.load.problem import FieldPath
from builder.load.site import load_site
from builder.models.base import Model

SITE = Path(__file__).parents[2] / "tests/lab/sites/boxed.yml"


class Inner(Model):
    version: str
    other: str | None = None


class Outer(Model):
    name: str
    inner: Inner
    flow: Inner


def test_only_the_values_that_are_named_are_changed() -> None:
    loaded = load_site(SITE)
    text = SITE.read_text()
    fresh = edited(
        text,
        loaded.place,
        {
            ("hosts", 0, "product", "version"): "1.12.8",
            ("hosts", 1, "os"): "debian-13",
            ("hosts", 0, "os"): "debian-12",
        },
    )
    changed = [line for line in ndiff(text.splitlines(), fresh.splitlines()) if line[0] in "+-"]
    assert changed == [
        "+     os: debian-12",
        "-     product: {id: orthanc, version: 1.12.7}",
        "+     product: {id: orthanc, version: 1.12.8}",
        "-     os: debian-12",
        "+     os: debian-13",
    ]
    site = load_site(SITE, fresh).value
    assert [site.hosts[0].os, site.hosts[0].product.version, site.hosts[1].os] == ["debian-12", "1.12.8", "debian-13"]


def test_a_number_stays_one() -> None:
    loaded = load_site(SITE)
    fresh = edited(SITE.read_text(), loaded.place, {("hosts", 0, "archive", "database_version"): 17})
    assert "database_version: 17\n" in fresh
    archive = load_site(SITE, fresh).value.hosts[0].archive
    assert archive is not None and archive.database_version == 17


def test_a_mapping_that_is_not_written_has_no_field_to_change() -> None:
    loaded = load_site(SITE)
    with pytest.raises(KeyError):
        edited(SITE.read_text(), loaded.place, {("hosts", 0, "workstation", "depth"): "30"})


PLAIN = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1).filter(lambda text: text.strip())


@given(old=PLAIN, new=PLAIN, quote=st.sampled_from(("'", '"')))
def test_whatever_is_written_is_read_back(old: str, new: str, quote: str) -> None:
    said = json.dumps(old) if quote == '"' else "'" + old.replace("'", "''") + "'"
    text = f"name: x  # kept\ninner:\n  version: {said}\nflow: {{version: {said}}}  # kept, too\n"
    loaded = load(Path("site.yml"), Outer, text)
    assert loaded.value.inner.version == old
    paths: dict[FieldPath, str | int] = {
        ("inner", "version"): new,
        ("flow", "version"): new,
        ("flow", "other"): new,
        ("inner", "other"): new,
    }
    fresh = load(Path("site.yml"), Outer, edited(text, loaded.place, paths)).value
    assert fresh == Outer(name="x", inner=Inner(version=new, other=new), flow=Inner(version=new, other=new))
