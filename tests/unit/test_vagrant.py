"""Vagrant: the host list that its file reads, what a box holds, and what Vagrant is told. No Vagrant runs here."""

from pathlib import Path

import pytest
import yaml

from builder.lab import box, containers, vagrant
from builder.lab.errors import LabError
from builder.lab.image import base_recipe, stand_in_recipe
from builder.lab.layout import Layout
from builder.lab.vagrant import Vagrant
from builder.load.shipped import vagrantfile
from builder.render.vagrant import vagrant_list
from tests.unit.lab_site import lab_site


def test_the_list_names_every_host_and_stand_in_as_the_lab_makes_it() -> None:
    site = lab_site()
    listed = yaml.safe_load(vagrant_list(site))["hosts"]
    layout = Layout.of(site.name)
    assert [(one["name"], one["box"]) for one in listed] == [
        ("ct", "pacsmith-debian-13-stand-in"),
        ("store", "pacsmith-debian-12"),
    ]
    store = listed[1]
    assert (store["address"], store["prefix"], store["netmask"]) == ("10.2.0.11", 16, "255.255.0.0")
    assert (store["gateway"], store["bridge"]) == ("10.2.0.1", layout.bridge("servers"))
    assert store["container"] == f"{layout.container_prefix}store"
    assert (store["user"], store["port"]) == ("pacsmith", 22)
    assert store["key"] == ".pacsmith/hill/ssh/id_ed25519.pub"


def test_the_vagrantfile_reads_every_field_it_uses_from_the_list_and_names_no_machine() -> None:
    listed = yaml.safe_load(vagrant_list(lab_site()))["hosts"]
    text = vagrantfile().read_text("utf-8")
    used = {part.partition('"')[0] for part in text.split('host["')[1:]}
    assert used
    assert used <= set(listed[0])


def test_no_lab_takes_another_s_containers_for_its_own() -> None:
    hill, hill_top = Layout.of("hill"), Layout.of("hill-top")
    assert not f"{hill_top.container_prefix}store".startswith(hill.container_prefix)


def test_a_box_is_made_anew_when_its_base_or_its_form_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    made = box.recipe("debian-12", stand_in=False)
    assert made.over == base_recipe("debian-12").folder
    assert box.recipe("debian-12", stand_in=True).over == stand_in_recipe("debian-12").folder
    monkeypatch.setattr(box, "FORM", box.FORM + 1)
    assert box.recipe("debian-12", stand_in=False).folder != made.folder


def test_a_box_says_for_which_provider_it_is_and_confines_nothing() -> None:
    assert yaml.safe_load(box.metadata_text())["provider"] == "lxc"
    assert box.config_text().splitlines() == [
        "lxc.include = /usr/share/lxc/config/common.conf",
        "lxc.apparmor.profile = unconfined",
    ]


def test_vagrant_s_key_is_found_where_packages_put_it(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"vagrant\.pub was not found .* apt-get install vagrant"):
        box.public_key(tmp_path)
    key = tmp_path / "usr/share/rubygems-integration/all/gems/vagrant-2.3.4/keys/vagrant.pub"
    key.parent.mkdir(parents=True)
    key.write_text("ssh-rsa AAAA vagrant\n")
    assert box.public_key(tmp_path) == "ssh-rsa AAAA vagrant\n"


@pytest.fixture
def hill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vagrant:
    """Vagrant of a lab in an empty folder; its commands are written down instead of run."""
    monkeypatch.chdir(tmp_path)
    return Vagrant(Layout("hill", tmp_path / "lab"), Path(".pacsmith/hill/vagrant"))


def test_vagrant_has_a_home_of_the_site_s_own_and_nothing_of_the_person_s(
    hill: Vagrant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told: list[list[str]] = []
    monkeypatch.setenv("VAGRANT_HOME", "/home/somebody/.vagrant.d")
    monkeypatch.setenv("VAGRANT_VAGRANTFILE", "Other")
    monkeypatch.setattr(vagrant, "run_logged", lambda argv, log, timeout: told.append(list(argv)))
    hill.run(["up"])
    words = told[0][told[0].index("env") :]
    assert words[-2:] == ["vagrant", "up"]
    assert f"VAGRANT_HOME={tmp_path}/.pacsmith/hill/vagrant/home" in words
    assert f"VAGRANT_DOTFILE_PATH={tmp_path}/.pacsmith/hill/vagrant/machines" in words
    assert words[words.index("VAGRANT_VAGRANTFILE") - 1 :][:2] == ["-u", "VAGRANT_VAGRANTFILE"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("The provider 'lxc' could not be found, but was requested", "apt-get install vagrant-lxc"),
        ("mount: no space", "`vagrant up` failed; the end of the log:\nmount: no space"),
    ],
)
def test_what_vagrant_explains_at_length_is_one_sentence_with_a_remedy(
    hill: Vagrant, monkeypatch: pytest.MonkeyPatch, said: str, sentence: str
) -> None:
    def fail(argv: list[str], log: Path, timeout: float) -> None:
        log.parent.mkdir(parents=True)
        log.write_text(said)
        raise LabError(f"`python` failed (exit 1); the end of the log:\n{said}")

    monkeypatch.setattr(vagrant, "run_logged", fail)
    with pytest.raises(LabError) as fault:
        hill.run(["up"])
    assert sentence in str(fault.value)


def test_a_box_that_is_gone_or_of_an_older_recipe_does_not_count(
    hill: Vagrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    boxes = hill.folder / "home" / "boxes" / "pacsmith-debian-12"
    monkeypatch.setattr(vagrant, "run_logged", lambda argv, log, timeout: boxes.mkdir(parents=True))
    hill.add_box("pacsmith-debian-12", Path("lxc.box"), "debian-12-box-1")
    assert hill.has_box("pacsmith-debian-12", "debian-12-box-1")
    assert not hill.has_box("pacsmith-debian-12", "debian-12-box-2")
    boxes.rmdir()
    assert not hill.has_box("pacsmith-debian-12", "debian-12-box-1")


def test_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(vagrant, "environment", lambda: {"PATH": str(tmp_path)})
    with pytest.raises(LabError, match=r"lacks lxc, sudo, vagrant; run: apt-get install lxc sudo vagrant vagrant-lxc"):
        vagrant.require_programs()


def test_a_machine_without_lxc_has_no_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "folder", lambda: None)
    assert containers.names("pacsmith.hill.") == ()
    with pytest.raises(LabError, match="has no root folder"):
        containers.root_of("pacsmith.hill.store")
