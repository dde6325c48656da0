"""The depot: what lies there is whole, whatever was interrupted; every refusal is a sentence with its remedy."""

import base64
import hashlib
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from builder.cli import depot as command
from builder.depot import Depot, DepotFault, NotInDepot, delivered, needs_of
from builder.depot.npm import fault_text, integrity_of, npm_package
from builder.errors import BadInput
from builder.inventory import build_inventory
from builder.load.depot import load_artefacts
from builder.models.depot import Artefact
from builder.models.site import Site
from tests.unit.site_parts import example, example_data

CONTENT = b"the package\n"
SUM = hashlib.sha256(CONTENT).hexdigest()
OHIF = Artefact(name="ohif", version="3.12.10", title="Viewer", file="ohif.tgz", sha256=SUM, npm="@ohif/app")
GIVEN = Artefact(name="driver", version="1", title="Driver", file="driver.run", sha256="d" * 64,
                 handed_in="ask its maker for driver 1")  # fmt: skip


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder whose own manifest comes before the shipped one."""
    monkeypatch.chdir(tmp_path)
    Path("specs").mkdir()
    own = {"artefacts": [one.model_dump(exclude_none=True) for one in (OHIF, GIVEN)]}
    Path("specs/depot.yml").write_text(yaml.safe_dump(own), encoding="utf-8")
    return tmp_path


def from_stick(content: bytes = CONTENT, name: str = "a file") -> Path:
    file = Path(name)
    file.write_bytes(content)
    return file


def brings(content: bytes) -> Callable[[Artefact, Path], Path]:
    def get(_: Artefact, into: Path) -> Path:
        (into / "came").write_bytes(content)
        return into / "came"

    return get


def never(_: Artefact, __: Path) -> Path:
    raise AssertionError("it was fetched although it is there")


def in_folder(depot: Depot) -> list[str]:
    return sorted(path.name for path in depot.folder.iterdir())


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command.app, list(arguments))


def test_what_is_there_is_not_fetched_again() -> None:
    depot = Depot()
    assert depot.fetch(OHIF, brings(CONTENT)) is True
    assert depot.fetch(OHIF, never) is False
    assert depot.whole(OHIF).read_bytes() == CONTENT
    assert in_folder(depot) == [SUM]


def test_a_download_with_another_checksum_is_not_kept() -> None:
    depot = Depot()
    wrong = hashlib.sha256(b"other").hexdigest()
    with pytest.raises(DepotFault) as caught:
        depot.fetch(OHIF, brings(b"other"))
    assert str(caught.value) == (
        f"what was fetched is not ohif 3.12.10: its SHA-256 is {wrong}, the manifest says {SUM}; nothing was kept: "
        "fetch it again, and if the checksum stays the same, ask its maker whether the release was replaced before "
        "you trust it"
    )
    assert caught.value.exit_code == 1
    assert in_folder(depot) == []


def test_a_download_that_breaks_off_leaves_nothing_and_the_next_one_clears_what_a_kill_left() -> None:
    depot = Depot()

    def breaks(_: Artefact, into: Path) -> Path:
        (into / "half").write_bytes(CONTENT[:3])
        raise DepotFault("the line is cut")

    with pytest.raises(DepotFault, match="the line is cut"):
        depot.fetch(OHIF, breaks)
    assert in_folder(depot) == []
    (depot.folder / ".under-way-killed").mkdir()
    (depot.folder / ".under-way-killed" / "half").write_bytes(CONTENT[:3])
    (depot.folder / ".under-way-too").write_bytes(CONTENT[:3])
    assert depot.state(OHIF) == "missing"
    depot.fetch(OHIF, brings(CONTENT))
    assert in_folder(depot) == [SUM]


def test_two_who_fetch_at_once_fetch_it_once() -> None:
    depot, came = Depot(), []

    def get(artefact: Artefact, into: Path) -> Path:
        came.append(artefact)
        return brings(CONTENT)(artefact, into)

    both = [threading.Thread(target=depot.fetch, args=(OHIF, get)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert len(came) == 1


def test_a_damaged_file_is_told_and_fetched_anew() -> None:
    depot = Depot()
    depot.fetch(OHIF, brings(CONTENT))
    depot.path(OHIF).write_bytes(CONTENT[:-1])
    assert depot.state(OHIF) == "damaged"
    with pytest.raises(NotInDepot) as caught:
        depot.whole(OHIF)
    assert str(caught.value) == (
        f"ohif 3.12.10 is damaged in the depot (.pacsmith/depot/{SUM} has another checksum); "
        "get it with `pacsmith depot fetch ohif`"
    )
    assert run("check").exit_code == 1
    assert depot.fetch(OHIF, brings(CONTENT)) is True
    assert run("check").exit_code == 0


def test_what_is_missing_says_how_it_is_got() -> None:
    with pytest.raises(NotInDepot) as fetched:
        Depot().whole(OHIF)
    assert str(fetched.value) == (
        "ohif 3.12.10 is not in the depot (.pacsmith/depot); get it with `pacsmith depot fetch ohif`"
    )
    with pytest.raises(NotInDepot) as given:
        Depot().whole(GIVEN)
    assert str(given.value) == (
        "driver 1 is not in the depot (.pacsmith/depot); ask its maker for driver 1, "
        "then put driver.run in with `pacsmith depot add FILE`"
    )
    assert (fetched.value.exit_code, given.value.exit_code) == (2, 2)


def test_a_handed_in_file_is_known_by_its_checksum_whatever_its_name() -> None:
    done = run("add", str(from_stick(name="copy of viewer (2).bin")))
    assert done.exit_code == 0
    assert done.output == ("added  ohif 3.12.10 (Viewer), from copy of viewer (2).bin; you may take the medium away\n")
    assert Depot().state(OHIF) == "there"
    assert run("add", "copy of viewer (2).bin").exit_code == 0


def test_a_file_that_no_artefact_pins_is_refused_with_what_would_be_taken() -> None:
    wrong = hashlib.sha256(b"x").hexdigest()
    with pytest.raises(BadInput) as unknown:
        Depot().add(from_stick(b"x"), [OHIF, GIVEN])
    assert str(unknown.value) == (
        f"a file is no artefact of the manifest: its SHA-256 is {wrong}; the manifest has ohif 3.12.10 (ohif.tgz), "
        "driver 1 (driver.run): get one of these, or describe the file in a specs/depot.yml of your own"
    )
    with pytest.raises(BadInput) as damaged:
        Depot().add(from_stick(b"x", "ohif.tgz"), [OHIF, GIVEN])
    assert str(damaged.value) == (
        f"ohif.tgz is not ohif 3.12.10: its SHA-256 is {wrong}, the manifest says {SUM}; it is damaged or another "
        "release: get it anew from its maker and compare the checksum that the maker publishes"
    )
    with pytest.raises(BadInput, match="none: No such file or directory; name a file that can be read"):
        Depot().add(Path("none"), [OHIF])
    assert not Depot().folder.exists() or in_folder(Depot()) == []


def test_the_users_own_manifest_comes_first() -> None:
    artefacts = load_artefacts()
    assert [str(one) for one in artefacts] == ["ohif 3.12.10", "driver 1"]  # the shipped ohif 3.12.10 stands back
    assert artefacts[0].sha256 == SUM


def with_viewer(version: str = "3.12.10") -> None:
    data = example_data()
    data["hosts"][0]["archive"]["viewer"] = {"product": "ohif", "version": version}
    file = Path("inventory/st-brigid/site.yml")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")


def _site(version: str) -> Site:
    data = example_data()
    data["hosts"][0]["archive"]["viewer"] = {"product": "ohif", "version": version}
    return example(hosts=data["hosts"])


def test_hosts_are_handed_what_they_want_and_hosts_that_want_nothing_need_no_depot() -> None:
    wanting = build_inventory(_site("3.12.10")).machines
    Depot().add(from_stick(), [OHIF])
    parcels = delivered(Depot(), wanting, [OHIF])
    assert {name: [str(one) for one in found] for name, found in parcels.items()} == {"archive01": ["ohif 3.12.10"]}
    (parcel,) = parcels["archive01"]
    assert (Path(parcel.path).is_absolute(), parcel.size) == (True, len(CONTENT))
    assert delivered(Depot(Path("nowhere")), build_inventory(example()).machines, []) == {}
    with pytest.raises(NotInDepot):
        delivered(Depot(Path("nowhere")), wanting, [OHIF])


def test_a_version_that_no_manifest_describes_names_those_that_are() -> None:
    with pytest.raises(BadInput) as caught:
        needs_of(build_inventory(_site("3.13.0")).machines, [OHIF])
    assert str(caught.value) == (
        "archive01 wants ohif 3.13.0, which the depot's manifest (specs/depot.yml) does not describe; "
        "it has ohif 3.12.10: write that in the site file, or describe the file in a specs/depot.yml of your own"
    )


NPM = """#!/bin/sh
echo "$*" >> "$NPM_SAID"
case "$*" in
*view*) printf '{"integrity": "sha512-%s"}' "$NPM_SUM" ;;
*pack*) for folder; do :; done; printf 'the package\\n' > "$folder/ohif-app.tgz" ;;
esac
"""


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the npm client, first in the path; what it was asked is in the file that is returned."""
    program = tmp_path / "bin" / "npm"
    program.parent.mkdir()
    program.write_text(NPM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("NPM_SAID", str(tmp_path / "said"))
    monkeypatch.setenv("NPM_SUM", base64.b64encode(hashlib.sha512(CONTENT).digest()).decode())
    return tmp_path / "said"


def test_fetch_takes_what_the_site_wants_from_npm_and_asks_npm_once(npm: Path) -> None:
    with_viewer()
    assert run("fetch").output == "fetched   ohif 3.12.10\n"
    said = npm.read_text()
    assert "view @ohif/app@3.12.10 dist --json" in said
    assert "pack @ohif/app@3.12.10 --json --ignore-scripts --pack-destination " in said
    assert run("fetch").output == "there     ohif 3.12.10\n"
    assert npm.read_text() == said
    rows = json.loads(run("list", "--json").output)
    assert [(row["name"], row["state"], row["wanted_by"]) for row in rows] == [
        ("ohif", "there", ["archive01"]),
        ("driver", "missing", []),
    ]


def test_other_bytes_than_the_registry_names_are_refused(
    npm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NPM_SUM", "AAAA")
    (tmp_path / "into").mkdir()
    with pytest.raises(DepotFault, match="its registry names AAAA; nothing was kept: empty npm's cache"):
        npm_package(OHIF, tmp_path / "into")
    assert npm.exists()


def test_without_npm_the_other_way_in_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    done = run("fetch", "ohif")
    assert isinstance(done.exception, DepotFault)
    assert str(done.exception) == (
        "ohif 3.12.10 comes from npm, and this machine has no npm; install it (apt-get install npm), or fetch "
        "@ohif/app@3.12.10 elsewhere (npm pack @ohif/app@3.12.10) and hand the file in with `pacsmith depot add FILE`"
    )


def test_what_is_there_needs_no_npm_and_what_cannot_be_fetched_says_who_hands_it_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Depot().add(from_stick(), [OHIF])
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert run("fetch", "ohif").exit_code == 0
    done = run("fetch", "driver", "ohif@3.12.10")
    assert done.output == "there     ohif 3.12.10\n"
    assert str(done.exception) == (
        "driver 1 cannot be fetched by machine; ask its maker for driver 1, "
        "then put driver.run in with `pacsmith depot add FILE`"
    )


def test_a_name_that_is_none_and_a_site_that_wants_nothing() -> None:
    done = run("fetch", "ohiff")
    assert isinstance(done.exception, BadInput)
    assert str(done.exception) == (
        "ohiff: the manifest (specs/depot.yml) has no such artefact; it has ohif@3.12.10, driver@1"
    )
    file = Path("inventory/st-brigid/site.yml")
    file.parent.mkdir(parents=True)
    data = example_data()
    data["hosts"][0]["archive"].pop("viewer", None)
    file.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    assert run("fetch").output == "no host of this site wants anything from the depot\n"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "npm error code E404\nnpm error 404 Not Found - GET x\n",
            "ohif 3.12.10: the registry of npm has no @ohif/app@3.12.10; correct the manifest (specs/depot.yml)",
        ),
        (
            "npm ERR! code ENOTFOUND\nnpm ERR! syscall getaddrinfo\n",
            "ohif 3.12.10: npm cannot reach its registry (ENOTFOUND); mend the network or npm's proxy, or fetch "
            "@ohif/app@3.12.10 on another machine and hand the file in with `pacsmith depot add FILE`",
        ),
        (
            "npm warn old\nnpm error code ENOSPC\nnpm error nospc no space left on device\n",
            "ohif 3.12.10: npm could not fetch @ohif/app@3.12.10 (ENOSPC nospc no space left on device); run "
            "`npm pack @ohif/app@3.12.10` to see more, or fetch @ohif/app@3.12.10 on another machine and hand the "
            "file in with `pacsmith depot add FILE`",
        ),
        (
            "",
            "ohif 3.12.10: npm could not fetch @ohif/app@3.12.10 (it says nothing); run `npm pack @ohif/app@3.12.10` "
            "to see more, or fetch @ohif/app@3.12.10 on another machine and hand the file in with "
            "`pacsmith depot add FILE`",
        ),
    ],
)
def test_what_npm_says_becomes_a_sentence(said: str, sentence: str) -> None:
    assert fault_text(OHIF, said) == sentence


@pytest.mark.parametrize("answer", ["", "null", "[]", "{}", '{"integrity": "sha1-x"}', "no json"])
def test_a_registry_that_names_no_sha512_is_not_believed(answer: str) -> None:
    with pytest.raises(DepotFault, match="names no SHA-512"):
        integrity_of(OHIF, answer)
    assert integrity_of(OHIF, '{"integrity": "sha1-x sha512-AAAA"}') == "AAAA"
