"""Site -> machines: names, connections, roles, and every way in which a role folder can be wrong."""

import re
from pathlib import Path

import pytest

from builder.errors import BadInput
from builder.inventory import build_inventory, index
from builder.inventory.references import secret_references
from builder.inventory.registry import ports_granted
from builder.inventory.roles import engine_of, load_role_module, role_folder
from builder.models.site import Site
from tests.unit.site_parts import example, host, peer, site_of, with_roles


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    with_roles(tmp_path)
    return tmp_path


def test_the_example_becomes_one_machine_and_two_stand_ins() -> None:
    inventory = build_inventory(example())
    (machine,) = inventory.machines
    assert machine.fqdn == "archive01.imaging.st-brigid.example"
    assert [role.role for role in machine.roles] == ["baseline", "archive"]
    assert [stand_in.fqdn for stand_in in inventory.stand_ins] == [
        "ct01.imaging.st-brigid.example",
        "read01.imaging.st-brigid.example",
    ]
    connection = machine.connection
    assert (connection.address, connection.user, connection.port, connection.sudo) == (
        "10.78.0.11",
        "pacsmith",
        22,
        True,
    )
    assert connection.key == ".pacsmith/st-brigid/ssh/id_ed25519"
    assert connection.known_hosts == ".pacsmith/st-brigid/ssh/known_hosts"


def test_a_hosts_own_ssh_settings_win_and_root_needs_no_sudo(project: Path) -> None:
    own = {"user": "root", "port": 2222, "key": "keys/mine"}
    inventory = build_inventory(site_of([host(2), host(1, ssh=own)], ssh={"user": "ops", "known_hosts": "pins"}))
    first, second = inventory.machines
    assert [first.host.name, second.host.name] == ["arc1", "arc2"]
    assert (first.connection.user, first.connection.port, first.connection.key) == ("root", 2222, "keys/mine")
    assert first.connection.known_hosts == ".pacsmith/g-site/ssh/known_hosts"
    assert not first.connection.sudo
    assert (second.connection.user, second.connection.known_hosts, second.connection.sudo) == ("ops", "pins", True)


def test_roles_follow_the_class(project: Path) -> None:
    classes = [{}, {"class": "thin_client", "archive": None}, {"class": "workstation", "archive": None}]
    made = build_inventory(site_of([host(number, **changes) for number, changes in enumerate(classes)]))
    assert [[role.role for role in machine.roles] for machine in made.machines] == [
        ["baseline", "archive"],
        ["baseline", "thin_client"],
        ["baseline", "workstation"],
    ]


def test_a_role_has_the_engine_that_its_folder_shows(project: Path) -> None:
    folder = project / "roles" / "archive"
    with pytest.raises(
        BadInput, match=r"has neither deploy\.py \(pyinfra\) nor tasks/main\.yml \(Ansible\); write one"
    ):
        engine_of("archive")
    (folder / "deploy.py").write_text("")
    assert engine_of("archive") == "pyinfra"
    (folder / "tasks").mkdir()
    (folder / "tasks" / "main.yml").write_text("[]\n")
    with pytest.raises(BadInput, match=r"has both deploy\.py and tasks/main\.yml; a role has one engine: keep one"):
        engine_of("archive")
    (folder / "deploy.py").unlink()
    assert engine_of("archive") == "ansible"


def test_a_peer_without_stand_in_is_not_driven(project: Path) -> None:
    peers = [peer("ct1", "10.9.1.1"), peer("ct2", "10.9.1.2", stand_in=True)]
    assert [one.peer.name for one in build_inventory(site_of([host(1)], peers=peers)).stand_ins] == ["ct2"]


def test_the_users_role_hides_the_shipped_one(project: Path) -> None:
    assert role_folder("archive") == project / "roles" / "archive"
    (machine,) = build_inventory(example()).machines
    assert machine.roles[1].variables.model_dump()["greeting"] == "this is archive01"


def test_a_users_role_without_init_is_not_passed_over_for_a_shipped_one_that_has_it(project: Path) -> None:
    assert not (project / "roles" / "archive" / "__init__.py").exists()
    assert Path(str(load_role_module("archive", "variables").__file__)).is_relative_to(project)


def test_a_role_may_import_its_own_modules(project: Path) -> None:
    folder = project / "roles" / "archive"
    (folder / "__init__.py").write_text("GREETING = 'from the package'\n")
    (folder / "words.py").write_text("SECOND = 'from beside'\n")
    (folder / "deploy.py").write_text("from . import GREETING\nfrom .words import SECOND\n")
    deploy = load_role_module("archive", "deploy")
    assert (deploy.GREETING, deploy.SECOND) == ("from the package", "from beside")


def test_another_project_folder_has_other_roles(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_role_module("archive", "variables")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    with_roles(elsewhere)
    monkeypatch.chdir(elsewhere)
    second = load_role_module("archive", "variables")
    assert second is not first
    assert Path(str(second.__file__)).is_relative_to(elsewhere)
    assert load_role_module("archive", "variables") is second


NO_CLASS = r"role archive defines no class Variables\(Model\) with a class method of\(site, host\); add it"
BROKEN = {
    "def of(": r"role archive cannot be loaded: SyntaxError: .*; mend the file",
    "raise RuntimeError('later')": r"role archive cannot be loaded: RuntimeError: later; mend the file",
    "X = 1": NO_CLASS,
    "class Variables: ...": NO_CLASS,
    "from builder.models.base import Model\nclass Variables(Model):\n    @classmethod\n    def of(cls, site, host):\n"
    "        return 7": r"Variables.of gives int for host arc1; return a Variables",
    "from builder.models.base import Model\nclass Variables(Model):\n    @classmethod\n    def of(cls, site, host):\n"
    "        return host.nothing": r"Variables.of fails for host arc1: AttributeError: .*; mend the role",
}


@pytest.mark.parametrize(("source", "sentence"), BROKEN.items())
def test_a_broken_role_is_one_sentence_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with_roles(tmp_path, {"archive": source})
    with pytest.raises(BadInput) as fault:
        build_inventory(site_of([host(1)]))
    file = tmp_path / "roles" / "archive" / "variables.py"
    assert re.fullmatch(re.escape(f"{file}: ") + sentence, str(fault.value))


def test_a_role_without_variables_is_said(project: Path) -> None:
    (project / "roles" / "archive" / "variables.py").unlink()
    with pytest.raises(BadInput, match=r"role archive has no variables.py; write it, or remove the folder"):
        build_inventory(site_of([host(1)]))


def test_a_role_that_is_nowhere_is_said() -> None:
    with pytest.raises(BadInput, match=r"role fax: not found .*; add the folder fax with variables.py and deploy.py"):
        role_folder("fax")


def test_a_site_is_walked_once_however_many_hosts_ask(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walks: list[str] = []
    walk = index._walk

    def counted(site: Site) -> index.SiteIndex:
        walks.append(site.name)
        return walk(site)

    monkeypatch.setattr(index, "_walk", counted)
    site = site_of([host(number) for number in range(300)])
    for machine in build_inventory(site).machines:
        ports_granted(site, machine.host.name)
    assert walks == ["g-site"]


def test_the_index_is_of_the_site_that_was_asked_for() -> None:
    one, other = site_of([host(1)]), site_of([host(2)])
    assert [set(index.site_index(site).ends) for site in (one, other, one)] == [{"arc1"}, {"arc2"}, {"arc1"}]


def test_every_reference_is_found_with_its_place() -> None:
    found = {".".join(map(str, placed.path)): placed.reference.key for placed in secret_references(example())}
    assert found == {
        "ca.key": "vault:site_ca_key",
        "hosts.0.archive.database_password": "vault:archive_database",
        "hosts.0.archive.users.0.password": "vault:web_reading_room",
        "hosts.0.archive.users.1.password": "vault:web_importer",
        "hosts.0.archive.users.2.password": "vault:web_pacs_admin",
        "hosts.0.archive.backup.password": "vault:backup_archive",
    }
