"""Reading sites and sheets: values, places, and what stands in the way of reading a file at all."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from builder.errors import BadInput
from builder.load import Loaded, LoadErrors, load_site
from builder.load.depot import load_manifest
from builder.load.new_site import network_of, new_site_text
from builder.load.place import find_site
from builder.load.scalars import plain_value
from builder.load.schema import KINDS, schema_text
from builder.load.sheets import load_sheet, load_sheets
from builder.load.shipped import example_site, roles_folders, specs_folders

CHECKOUT = Path(__file__).parents[2]
EXAMPLE = CHECKOUT / "inventory" / "example" / "site.yml"
SHEET = """product: {id: orthanc, name: Orthanc, versions: ">=1.10,<1.13"}
machine: archive
source: {title: Book, address: example, read: 2026-11-21, trust: A}
requirements:
  - {id: gate, fact: orthanc.config.KeepAlive, is: %s, place: page 1}
"""

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file of an empty project folder, which is the current one."""
    monkeypatch.chdir(tmp_path)

    def write_file(name: str, text: str) -> Path:
        file = Path(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    return write_file


def problems_of(file: Path) -> list[str]:
    with pytest.raises(LoadErrors) as caught:
        load_site(file)
    return [str(problem) for problem in caught.value.problems]


def example() -> str:
    return EXAMPLE.read_text(encoding="utf-8")


def test_the_example_is_read_with_its_places() -> None:
    loaded = load_site(EXAMPLE)
    lines = EXAMPLE.read_text(encoding="utf-8").split("\n")
    assert loaded.value.hosts[0].ae is not None
    assert loaded.value.hosts[0].ae.title == "BRIGID_ARC"
    line, column = loaded.position(("hosts", 0, "ae", "title"))
    assert lines[line - 1][column - 1 :].startswith("BRIGID_ARC")
    assert loaded.sha256 == hashlib.sha256(EXAMPLE.read_bytes()).hexdigest()
    assert loaded.file == EXAMPLE


def test_a_place_that_is_not_written_is_its_parents() -> None:
    loaded = load_site(EXAMPLE)
    assert loaded.position(("hosts", 0, "ae", "tls")) == loaded.position(("hosts", 0, "ae"))
    assert loaded.position(("ledger",)) == loaded.position(())
    assert loaded.position(("hosts", 7, "name")) == loaded.position(("hosts",))


def test_text_stays_what_was_written(write: Write) -> None:
    text = example().replace('"22:00"', "22:00").replace("version: 1.12.7", "version: 1.10").replace(
        '"2026-11-16"', "2026-11-16"
    ).replace("FS22-0817", "0817")  # fmt: skip
    site = load_site(write("site.yml", text)).value
    assert site.windows[0].start == "22:00"
    assert site.hosts[0].product.version == "1.10"
    assert site.hosts[0].asset is not None
    assert site.hosts[0].asset.installed == "2026-11-16"
    assert site.hosts[0].asset.serial == "0817"


@pytest.mark.parametrize("word", ["no", "on", "off", "true", "1_000", "0o17", "1e3", ".inf", "<<", "="])
def test_words_that_yaml_would_change_stay_text(word: str, write: Write) -> None:
    text = example().replace("title: St Brigid's General Hospital", f"title: {word}", 1)
    assert load_site(write("site.yml", text)).value.title == word


@pytest.mark.parametrize("word", ["", "~", "null", "Null"])
def test_a_plain_empty_value_is_empty_and_a_quoted_one_is_text(word: str, write: Write) -> None:
    title = "title: St Brigid's General Hospital"
    assert "title: is empty" in problems_of(write("site.yml", example().replace(title, f"title: {word}", 1)))[0]
    if word:
        quoted = load_site(write("site.yml", example().replace(title, f'title: "{word}"', 1)))
        assert quoted.value.title == word


@pytest.mark.parametrize(
    ("written", "value"),
    [("true", True), ("false", False), ("64", 64), ("2.5", 2.5), ('"64"', "64"), ("no", "no"), ("22:00", "22:00")],
)
def test_a_scalar_is_typed_where_the_model_leaves_it_open(written: str, value: object, write: Write) -> None:
    found = load_sheet(write("sheet.yml", SHEET % written)).value.requirements[0].is_
    assert found == value
    assert type(found) is type(value)


def test_long_numbers_stay_text() -> None:
    assert plain_value("9" * 5000) == "9" * 5000


def test_a_byte_order_mark_is_dropped_and_columns_count_characters(write: Write) -> None:
    write("plain.yml", example())
    Path("site.yml").write_bytes(b"\xef\xbb\xbf" + Path("plain.yml").read_bytes())
    assert load_site(Path("site.yml")).value == load_site(Path("plain.yml")).value
    changed = example().replace("{name: Dr Ines Falk, duty", "{name: Dr Înés Fålk, dooty")
    assert problems_of(write("site.yml", changed))[0].startswith("site.yml:13:26: contacts[2].dooty: ")


def test_a_file_that_cannot_be_read_is_one_sentence(write: Write, tmp_path: Path) -> None:
    assert problems_of(Path("absent.yml")) == ["absent.yml:1:1: there is no such file; check the name"]
    assert problems_of(tmp_path) == [f"{tmp_path}:1:1: this is a folder; name a YAML file"]
    os.mkfifo("pipe.yml")
    assert problems_of(Path("pipe.yml")) == ["pipe.yml:1:1: this is not an ordinary file; name a YAML file"]
    write("taken.yml", "")
    assert "cannot be read" in problems_of(Path("taken.yml/site.yml"))[0]
    assert problems_of(Path("a\0b.yml")) == [
        "a\\x00b.yml:1:1: the file cannot be read (bad name); check the name and the disk"
    ]


def test_a_file_that_may_not_be_read_is_one_sentence(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> bytes:  # root, who runs these tests, may read everything
        raise PermissionError(13, "Permission denied")

    file = write("site.yml", "name: elm\n")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert problems_of(file) == ["site.yml:1:1: the file may not be read; give yourself the right to read it"]


def test_a_file_that_is_too_large_is_not_read(write: Write) -> None:
    file = write("site.yml", "")
    os.truncate(file, 65 * 1024 * 1024)
    assert problems_of(file) == ["site.yml:1:1: the file is larger than 64 MiB; name a YAML file"]


def test_what_a_terminal_would_obey_is_written_out(write: Write) -> None:
    changed = example().replace("class: archive", r'class: "\e[31mred\u202e"', 1)
    said = problems_of(write("site.yml", changed))[0]
    assert said.isprintable()
    assert r"\x1b[31mred" in said


@pytest.mark.parametrize("bomb", ["[" * 300_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000])
def test_deep_nesting_is_refused_at_once(bomb: str, write: Write) -> None:
    said = problems_of(write("site.yml", f"name: elm\ntitle:\n  {bomb}"))
    assert any("nested deeper than 32 levels" in line or "must be plain text" in line for line in said)


def test_aliases_that_multiply_are_refused(write: Write) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert any("aliases (*name) are not used here" in line for line in problems_of(write("site.yml", bomb)))


def test_all_problems_of_a_file_come_at_once_in_its_order(write: Write) -> None:
    changed = (
        example().replace("port: 104", "port: 0").replace("kind: modality", "kind: modalty").replace("[sun]", "[]")
    )
    said = problems_of(write("site.yml", changed))
    lines = [int(line.split(":")[1]) for line in said]
    assert len(said) == 4
    assert lines == sorted(lines)


def test_several_problems_are_counted_and_one_is_not() -> None:
    with pytest.raises(LoadErrors) as caught:
        load_site(CHECKOUT / "tests" / "unit" / "bad" / "site" / "several-faults-at-once.yml")
    assert str(caught.value).startswith("3 problems:\n")
    assert caught.value.exit_code == 2


def test_the_users_sheet_wins_over_the_shipped_one(write: Write) -> None:
    shipped = {(one.value.product.id, one.value.product.versions): one.file for one in load_sheets()}
    own = write("specs/mine/own.yml", SHEET % "true")
    other = write("specs/other.yaml", (SHEET % "true").replace("id: orthanc", "id: other"))
    files = {(one.value.product.id, one.value.product.versions): one.file for one in load_sheets()}
    assert files == {**shipped, ("orthanc", ">=1.10,<1.13"): own, ("other", ">=1.10,<1.13"): other}


def test_problems_of_all_sheets_come_at_once(write: Write) -> None:
    write("specs/a.yml", "machine: archive\n")
    write("specs/b.yml", "[")
    with pytest.raises(LoadErrors) as caught:
        load_sheets()
    assert {str(problem.file) for problem in caught.value.problems} == {"specs/a.yml", "specs/b.yml"}


def test_shipped_folders_come_after_the_users(write: Write) -> None:
    assert specs_folders() == (CHECKOUT / "specs",)
    write("specs/a.yml", "")
    write("roles/x/__init__.py", "")
    assert specs_folders() == (Path("specs"), CHECKOUT / "specs")
    assert roles_folders() == (Path.cwd() / "roles", CHECKOUT / "roles")
    assert example_site() == EXAMPLE


def test_a_folder_is_not_searched_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)
    assert specs_folders() == (Path("specs"),)
    assert roles_folders() == (CHECKOUT / "roles",)


def test_a_site_is_found_by_name_path_or_as_the_only_one(write: Write) -> None:
    with pytest.raises(BadInput, match="pacsmith init NAME"):
        find_site(None)
    elm = write("inventory/elm/site.yml", "")
    assert find_site(None) == elm
    assert find_site("elm") == elm
    assert find_site("inventory/elm") == elm
    assert find_site("inventory/elm/site.yml") == elm
    assert find_site("elsewhere.yml") == Path("elsewhere.yml")
    write("inventory/oak/site.yml", "")
    with pytest.raises(BadInput, match="several sites here \\(elm, oak\\); name one"):
        find_site(None)
    with pytest.raises(BadInput, match="no site 'elmm' below inventory/; did you mean elm\\?"):
        find_site("elmm")
    with pytest.raises(BadInput, match="there are elm, oak"):
        find_site("")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_schema_in_the_repository_is_current(kind: str) -> None:
    written = (CHECKOUT / "schema" / f"{kind}.json").read_text(encoding="utf-8")
    assert written == schema_text(kind), "run: pacsmith schema --out schema"


def _yaml_files() -> list[tuple[Path, str]]:
    sites = [*CHECKOUT.glob("inventory/*/site.yml"), *CHECKOUT.glob("tests/lab/sites/*.yml")]
    manifest = CHECKOUT / "specs" / "depot.yml"
    sheets = [file for file in CHECKOUT.glob("specs/**/*.yml") if file != manifest]
    return [*((file, "site") for file in sites), *((file, "sheet") for file in sheets), (manifest, "depot")]


def test_every_file_points_an_editor_at_its_schema() -> None:
    files = _yaml_files()
    assert {kind for _, kind in files} == {"site", "sheet", "depot"}
    for file, kind in files:
        first = file.read_text(encoding="utf-8").split("\n", 1)[0]
        begin = "# yaml-language-server: $schema="
        assert first.startswith(begin), file
        assert (file.parent / first.removeprefix(begin)).resolve() == CHECKOUT / "schema" / f"{kind}.json", file


def test_every_file_of_the_repository_can_be_read() -> None:
    for file, kind in _yaml_files():
        readers: dict[str, Callable[[Path], object]] = {"site": load_site, "sheet": load_sheet, "depot": load_manifest}
        assert isinstance(readers[kind](file), Loaded)


@pytest.mark.parametrize("name", ["x", "elm-park", "a-b-c", "the-hospital-of-the-long-name-1"])
def test_a_new_site_can_be_read(name: str, write: Write) -> None:
    site = load_site(write("site.yml", new_site_text(name))).value
    assert site.name == name
    assert site.networks[0].address == network_of(name)


def test_new_sites_have_addresses_of_their_own() -> None:
    names = [f"site-{number}" for number in range(20)]
    assert len({network_of(name) for name in names}) == len(names)
    example_networks = [network.address for network in load_site(EXAMPLE).value.networks]
    assert not any(network_of(name).overlaps(other) for name in names for other in example_networks)


@pytest.mark.parametrize("name", ["", "Elm", "1st", "a b", "../x", "x" * 32, "elm\n", "ölm"])
def test_a_name_that_is_none_begins_no_site(name: str) -> None:
    with pytest.raises(BadInput, match="is not a name for a site; write lower-case"):
        new_site_text(name)


def test_libyaml_is_in_use() -> None:
    """Not needed, but the pure Python parser is twenty times slower: the lock file's wheel has it."""
    assert yaml.__with_libyaml__


def test_a_site_is_not_called_nothing() -> None:
    with pytest.raises(BadInput, match="choose another name"):
        new_site_text("null")


def test_two_sheets_of_one_product_and_range_in_one_folder_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of another folder gives way to the user's own; of two in one folder nobody knows which counts."""
    (tmp_path / "specs").mkdir()
    for name in ("a", "b"):
        (tmp_path / "specs" / f"{name}.yml").write_text(
            'product: {id: thing, name: Thing, versions: ">=1"}\nmachine: archive\n'
            "source: {title: Book, address: example, read: 2026-11-21, trust: A}\n"
            'requirements:\n  - {id: memory, fact: memory.total, minimum: ">= 4 GiB", place: page 1}\n'
        )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LoadErrors) as refused:
        load_sheets()
    (problem,) = refused.value.problems
    assert str(problem) == (
        "specs/b.yml:1:10: product: a.yml beside it speaks of the same product and versions, and only one can count; "
        "remove one of the two files, or correct its versions"
    )
