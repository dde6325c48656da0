"""Find and load roles: the user's `roles/` folder first, then the shipped ones."""

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Literal

from builder.errors import BadInput, PacsmithError
from builder.load.shipped import roles_folders
from builder.models.base import Model
from builder.models.site import Host, HostClass, Site

PACKAGE = "pacsmith_roles"
ROLES: Mapping[HostClass, tuple[str, ...]] = {
    "archive": ("baseline", "archive"),
    "workstation": ("baseline", "workstation"),
    "thin_client": ("baseline", "thin_client"),
}
Engine = Literal["pyinfra", "ansible"]
_ENTRY: Mapping[Engine, str] = {"pyinfra": "deploy.py", "ansible": "tasks/main.yml"}


def roles_of(host: Host) -> tuple[str, ...]:
    """The roles of a host, in the order in which they are carried out."""
    return ROLES[host.host_class]


def role_folder(role: str) -> Path:
    """Where `role` lives: the first roles folder that has it. Raises BadInput when none has."""
    folders = roles_folders()
    for folder in folders:
        if (folder / role).is_dir():
            return folder / role
    looked = ", ".join(str(folder) for folder in folders) or "no folder at all"
    raise BadInput(
        f"role {role}: not found (looked in {looked}); add the folder {role} with variables.py and deploy.py "
        "or tasks/main.yml"
    )


def engine_of(role: str) -> Engine:
    """Which engine carries `role` out: what its folder holds says it. Raises BadInput for a role with both or none."""
    folder = role_folder(role)
    found = [engine for engine, entry in _ENTRY.items() if (folder / entry).is_file()]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadInput(f"{folder}: role {role} has both deploy.py and tasks/main.yml; a role has one engine: keep one")
    raise BadInput(
        f"{folder}: role {role} has neither deploy.py (pyinfra) nor tasks/main.yml (Ansible); write one of them, "
        "or remove the folder to use the shipped role"
    )


def _package() -> ModuleType:
    """The package whose path is the roles folders; begun afresh when the folders change (another project folder)."""
    path = [str(folder) for folder in roles_folders()]
    package = sys.modules.get(PACKAGE)
    if package is None or list(package.__path__) != path:
        for name in [name for name in sys.modules if name == PACKAGE or name.startswith(PACKAGE + ".")]:
            del sys.modules[name]
        package = ModuleType(PACKAGE, "Roles of the user and of pacsmith.")
        package.__path__ = path
        sys.modules[PACKAGE] = package
        importlib.invalidate_caches()
    return package


def _role_package(role: str, folder: Path) -> None:
    """Import the role's own package from its folder and nowhere else. Python alone would pass over a user's folder
    without `__init__.py` for a shipped one that has it, or mix the two."""
    name = f"{_package().__name__}.{role}"
    if name in sys.modules:
        return
    if (folder / "__init__.py").is_file():
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if spec is None or spec.loader is None:
            raise ImportError(f"{folder}/__init__.py cannot be imported")
        package = importlib.util.module_from_spec(spec)
        sys.modules[name] = package
        try:
            spec.loader.exec_module(package)
        except BaseException:
            del sys.modules[name]
            raise
    else:
        sys.modules[name] = ModuleType(name, f"Role {role}.")
        sys.modules[name].__path__ = [str(folder)]


Module = Literal["variables", "deploy", "upgrade"]


def has_module(role: str, module: Module) -> bool:
    """Whether `role` has that file: not every role has a word on each step."""
    return (role_folder(role) / f"{module}.py").is_file()


def load_role_module(role: str, module: Module) -> ModuleType:
    """Import `roles/<role>/<module>.py`. Raises BadInput, naming the file, when it is missing or broken."""
    name = f"{_package().__name__}.{role}.{module}"
    loaded = sys.modules.get(name)
    if loaded is not None:
        return loaded
    folder = role_folder(role)
    file = folder / f"{module}.py"
    if not file.is_file():
        raise BadInput(
            f"{file}: role {role} has no {module}.py; write it, or remove the folder to use the shipped role"
        )
    try:
        _role_package(role, folder)
        return importlib.import_module(name)
    except PacsmithError:
        raise
    except Exception as fault:  # a user's role is foreign code: whatever it raises, they get a sentence
        raise BadInput(
            f"{file}: role {role} cannot be loaded: {type(fault).__name__}: {fault}; mend the file"
        ) from fault


def role_variables(role: str, site: Site, host: Host) -> Model:
    """The typed variables of `role` for `host`. Raises BadInput when the role's own code fails."""
    variables = getattr(load_role_module(role, "variables"), "Variables", None)
    file = role_folder(role) / "variables.py"
    if not (isinstance(variables, type) and issubclass(variables, Model) and hasattr(variables, "of")):
        raise BadInput(
            f"{file}: role {role} defines no class Variables(Model) with a class method of(site, host); add it"
        )
    try:
        made = variables.of(site, host)
    except PacsmithError:
        raise
    except Exception as fault:  # as above
        raise BadInput(
            f"{file}: Variables.of fails for host {host.name}: {type(fault).__name__}: {fault}; mend the role"
        ) from fault
    if not isinstance(made, variables):
        raise BadInput(f"{file}: Variables.of gives {type(made).__name__} for host {host.name}; return a Variables")
    return made
