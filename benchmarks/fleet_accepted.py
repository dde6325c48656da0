"""Make the hosts of `benchmarks.fleet` accepted: the first is built for real, the others have its evidence."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import chdir, closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.fleet_site import NAME, address_of, as_host, name_of, site_text, title_of
from builder.assess.outliers import facts_recorded
from builder.engines.files import FileSpec
from builder.inventory import build_inventory
from builder.inventory.roles import load_role_module
from builder.lab.keys import pin_names
from builder.ledger import open_ledger
from builder.load import load_site
from builder.models.evidence import Evidence
from builder.models.site import Site
from builder.secrets import SecretStore, open_store
from builder.secrets.certificates import certificate_for, certificate_key_name, certificates_folder, identity_of
from builder.secrets.keys import new_key
from builder.workflows.material import materials_for
from builder.workflows.recording import Ending, record_proof
from builder.workflows.session import open_session
from builder.workflows.survey import survey_hosts
from builder.workflows.verify import Verified

_SITE = Path("inventory") / NAME / "site.yml"
_STATE = Path(".pacsmith") / NAME


def pacsmith(*arguments: str) -> None:
    """Run the command here. Ends the benchmark when it fails."""
    argv = [sys.executable, "-m", "builder.cli.main", *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"pacsmith {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")


def site_folder(top: Path, hosts: int) -> Path:
    """The project folder of the site with so many hosts."""
    folder = top / str(hosts)
    site = folder / _SITE
    site.parent.mkdir(parents=True, exist_ok=True)
    site.write_text(site_text(hosts), encoding="utf-8")
    return folder


def build_first() -> None:
    """Boot the host and build it, in the present folder; what is there already takes seconds."""
    if not (_STATE / "secrets.yml").exists():
        pacsmith("secrets", "generate", "--site", NAME)
    pacsmith("lab", "up", NAME)
    with closing(open_ledger(f"sqlite:///{_STATE}/ledger.db")) as ledger:
        state = ledger.host_state(NAME, name_of(1))
    if state is None or state.accepted_run is None:
        pacsmith("build", NAME)


@dataclass(frozen=True)
class Secrets:
    """The vault's values, and by number all hosts' certificates (PEM) and those of their files that rest on secrets, by
    path."""

    values: Mapping[str, str]
    certificates: Mapping[int, str]
    files: Mapping[int, Mapping[str, str]]

    def key(self, number: int) -> str:
        """A host's private key."""
        return self.values[certificate_key_name(name_of(number))]

    def words(self) -> tuple[str, ...]:
        """The files of the first host are those in which one of these stands."""
        lines = (self.key(1).splitlines()[3], self.certificates[1].splitlines()[3])
        return (name_of(1), title_of(1), address_of(1), *lines)

    def own(self) -> tuple[str, ...]:
        """The files that another secret makes another file."""
        return tuple(path for path, text in self.files[1].items() if self.files[2][path] != text)

    def as_host(self, path: str, content: bytes, number: int) -> bytes:
        """A file of the first host as another one has it."""
        if path in self.files[number]:
            return self.files[number][path].encode()
        text = content.decode().replace(self.key(1).strip(), self.key(number).strip())
        text = text.replace(self.certificates[1].strip(), self.certificates[number].strip())
        return as_host(text, number).encode()

    def of(self, hosts: int) -> Mapping[str, str]:
        """The vault of a site with so many hosts."""
        others = {certificate_key_name(name_of(n)) for n in self.certificates if n > hosts}
        return {name: value for name, value in self.values.items() if name not in others}


def secrets_for(first: Path, folder: Path, hosts: int) -> Secrets:
    """Make keys and certificates for all hosts in `folder`, from the vault of the `first` one. All are as long as the
    first one's, so that files are."""
    if not (folder / _STATE).exists():
        shutil.copytree(first / _STATE, folder / _STATE, ignore=shutil.ignore_patterns("ledger*", "dossiers"))
    with chdir(folder):
        site = load_site(_SITE).value
        store = open_store(site)
        assert store.vault is not None
        length = len(store.vault.values()[certificate_key_name(name_of(1))].get_secret_value())
        present = store.vault.values()
        missing = [name for name in (certificate_key_name(host.name) for host in site.hosts) if name not in present]
        with ProcessPoolExecutor() as pool:
            made = dict(zip(missing, pool.map(_key, [length] * len(missing), chunksize=4), strict=True))
        store.keep(lambda _: made)
        values = {name: value.get_secret_value() for name, value in store.vault.values().items()}
        certificates: dict[int, str] = {}
        for number in range(1, hosts + 1):
            certificates[number] = _certificate(site, store, number, len(certificates.get(1, "")))
    return Secrets(values, certificates, _files(folder))


def _files(folder: Path) -> Mapping[int, Mapping[str, str]]:
    """What the role `archive` makes of the secrets of each host."""
    deploy = load_role_module("archive", "deploy")
    with chdir(folder):
        session = open_session("plan", NAME)
        with closing(session.ledger):
            materials = materials_for(session)
    found = {}
    for number, machine in enumerate(session.machines, start=1):
        variables = next(role.variables for role in machine.roles if role.role == "archive")
        secrets = deploy._secrets(variables, materials[machine.host.name])
        specs = (*deploy.files.orthanc_files(variables, secrets), *deploy.files.nginx_files(variables, secrets))
        found[number] = {spec.path: str(spec.content) for spec in specs if isinstance(spec, FileSpec)}
    return found


def _key(length: int) -> str:
    while len(made := new_key()) != length:
        pass
    return made


def _certificate(site: Site, store: SecretStore, number: int, length: int) -> str:
    host = site.hosts[number - 1]
    identity = identity_of(site, host)
    while True:
        pem = certificate_for(site, store, host.name, identity.dns, identity.addresses, date.today()).certificate_pem
        if length in {0, len(pem)}:
            return pem
        (certificates_folder(site) / f"{host.name}.pem").unlink()


def accept_all(first: Path, folder: Path, hosts: int, made: Secrets) -> None:
    """Pin the keys of all hosts of `folder`'s site, and record each as accepted with the first one's evidence."""
    with closing(open_ledger(f"sqlite:///{first / _STATE}/ledger.db")) as ledger:
        state = ledger.host_state(NAME, name_of(1))
        assert state is not None
        assert state.accepted_run is not None
        evidence = [item.model_dump_json() for item in ledger.evidence(state.accepted_run)]
    facts = _facts(first)
    with chdir(folder):
        _furnish(first, hosts, made)
        session = open_session("build", NAME)
        with closing(session.ledger):
            session.ledger.begin(session.run)
            proven, known = [], {}
            for number in range(1, hosts + 1):
                proven += [Evidence.model_validate_json(as_host(item, number)) for item in evidence]
                known[name_of(number)] = facts_recorded(json.loads(as_host(facts, number, addressed=False)))
            mine = tuple(item.model_copy(update={"run": session.run.id}) for item in proven)
            ending = Ending()
            record_proof(session, Verified(mine, unreachable=False, facts=known), ending)
            session.ledger.finish(session.run.id, ending.outcome, ending.note)
            if ending.outcome != "accepted":
                raise SystemExit(f"the first host's evidence does not accept the others: {ending.note}")


def _facts(first: Path) -> str:
    """What the first host says of itself now: it has booted since it was built."""
    with chdir(first):
        (read,) = survey_hosts(build_inventory(load_site(_SITE).value).machines)
    if read.fault is not None:
        raise SystemExit(read.fault)
    return json.dumps({name: fact.model_dump(mode="json", exclude_none=True) for name, fact in read.facts.items()})


def _furnish(first: Path, hosts: int, made: Secrets) -> None:
    """Vault, certificates and pins of the site in the present folder, and no ledger yet."""
    for old in _STATE.glob("ledger.db*"):
        old.unlink()
    _STATE.mkdir(parents=True, exist_ok=True)
    for name in ("vault-password", "ssh"):
        if not (_STATE / name).exists():
            of = first / _STATE / name
            shutil.copytree(of, _STATE / name) if of.is_dir() else shutil.copy(of, _STATE / name)
    site = load_site(_SITE).value
    if not (_STATE / "secrets.yml").exists():
        open_store(site).keep(lambda _: made.of(hosts))
    folder = certificates_folder(site)
    folder.mkdir(exist_ok=True)
    for number in range(1, hosts + 1):
        (folder / f"{name_of(number)}.pem").write_text(made.certificates[number], encoding="utf-8")
    shutil.copy(first / folder / "ca.pem", folder / "ca.pem")
    key = (first / _STATE / "ssh" / "known_hosts").read_text(encoding="utf-8").split(" ", 1)[1].splitlines()[0]
    pins = [
        f"{','.join(pin_names(machine.connection, machine.fqdn))} {key}\n"
        for machine in build_inventory(site, roles=False).machines
    ]
    (_STATE / "ssh" / "known_hosts").write_text("".join(pins), encoding="utf-8")
