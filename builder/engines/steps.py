"""The steps that roles are made of. Each reads first, so a plan can show it, and changes only what differs.

Call them inside a role's `deploy`; the first argument is the name that a person reads. Each returns a Step whose
`.changed` says in a plan what would change and in a run what did; give it to `if_changed`, `restart_if`, `reload_if`.
"""

from collections.abc import Collection, Sequence

from pyinfra.api.operation import OperationMeta
from pyinfra.context import host

from builder.engines import command_steps, file_steps, package_steps, service_steps, unpack_steps
from builder.engines.files import AbsentSpec, DirectorySpec, FileSpec, LinkSpec, Spec
from builder.engines.notes import StepError, ask
from builder.engines.unpacking import Unpacked

__all__ = [
    "AbsentSpec",
    "DirectorySpec",
    "FileSpec",
    "LinkSpec",
    "Spec",
    "Step",
    "StepError",
    "Unpacked",
    "alone",
    "command",
    "controller_address",
    "observe",
    "only",
    "packages",
    "place",
    "service",
    "unpacked",
    "wait_for",
    "write_files",
]

Step = OperationMeta


def place(name: str, specs: Sequence[Spec]) -> Step:
    """Files, directories, links and absences in one step: two round trips at most, whatever their number.

    Directories come first, then files (all written, validated and synced before the first is renamed), links, absences.
    """
    return file_steps.place(name=name, specs=tuple(specs))


def write_files(name: str, files: Sequence[FileSpec]) -> Step:
    """`place` for files alone."""
    return place(name, files)


def only(name: str, folder: str, ending: str, ours: Collection[str]) -> Step:
    """Of the files in `folder` whose names end so (in whatever case), the service that reads them finds `ours` alone.

    A foreign one is renamed to NAME.put-aside and never deleted; one that a Debian package owns is left where it is.
    """
    return file_steps.only(name=name, folder=folder, ending=ending, ours=frozenset(ours))


def unpacked(name: str, wanted: Unpacked) -> Step:
    """A tar file of the depot as a folder, whole or not at all. It is sent only where the folder is not as it was
    unpacked; the folder has its name when everything in it is on disk."""
    return unpack_steps.unpacked(name=name, wanted=wanted)


def alone(name: str, parent: str, keep: Collection[str]) -> Step:
    """Nothing lies in the folder `parent` beside these names: older versions are removed, after what used them was
    switched. `parent` belongs to pacsmith as a whole."""
    return unpack_steps.alone(name=name, parent=parent, keep=tuple(sorted(keep)))


def packages(name: str, wanted: Sequence[str]) -> Step:
    """Debian packages present. What a role lists in `Variables.packages` the engine installs for all roles at once."""
    return package_steps.packages(name=name, wanted=tuple(wanted))


def service(
    name: str,
    *units: str,
    enabled: bool = True,
    running: bool = True,
    restart_if: Sequence[Step] = (),
    reload_if: Sequence[Step] = (),
    restart_due: tuple[str, str] | None = None,
) -> Step:
    """systemd units enabled (or not) and running (or not); restarted or reloaded after a change of these steps, and
    restarted when the read-only shell text of `restart_due` succeeds; its second part is why, as a diff tells it.

    The host keeps a stamp of the steps' files, so a restart that a killed run still owed is made by the next run.
    """
    return service_steps.service(
        name=name,
        units=units,
        enabled=enabled,
        running=running,
        restart_if=tuple(restart_if),
        reload_if=tuple(reload_if),
        restart_due=restart_due,
    )


def command(
    name: str,
    run: str,
    *,
    unless: str | None = None,
    if_changed: Sequence[Step] = (),
    user: str | None = None,
    stdin: str | None = None,
    judged_if: str | None = None,
) -> Step:
    """Shell text, run as root or as `user`, when it is needed: `unless` (read-only) does not exit 0, or a step of
    `if_changed` has changed. With neither it runs each time and no plan can preview it.

    A secret belongs on `stdin`, never in `run` or `unless`. `unless` runs as the same user, without `stdin`. Where it
    can only be judged while something else answers, `judged_if` (read-only) exits 0 when that is so: a plan made at
    another time says that it cannot tell.
    """
    return command_steps.command(
        name=name, run=run, unless=unless, if_changed=tuple(if_changed), user=user, stdin=stdin, stamp_name=name,
        judged_if=judged_if,
    )  # fmt: skip


def wait_for(name: str, check: str, seconds: int, *, give_up: str | None = None, tell: str | None = None) -> Step:
    """Wait, for `seconds` at most, until `check` (read-only shell text) exits 0: a step that never counts as a change.

    It fails with what `check` said last and what `tell` prints; at once when `give_up` exits 0. A plan does not wait.
    """
    return command_steps.wait_for(name=name, check=check, seconds=seconds, give_up=give_up, tell=tell)


def observe(script: str) -> str:
    """Read now what no step changes (virtualisation, memory); the output without its last newline. Raises StepError."""
    return ask(host, script).strip("\n")


def controller_address() -> str:
    """The address from which this run has come to the host, as its SSH server sees it; empty when that is unknown."""
    return observe('printf %s "${PACSMITH_FROM-}"')
