"""`pacsmith drift`: what of the machines is no longer as it was accepted."""

import json
import os
import pwd
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep
from typing import Annotated, Literal

import typer
from rich.console import Console

from builder.cli.ask import asker
from builder.cli.options import (
    ClassOption,
    HostOption,
    JsonOption,
    SiteArgument,
    SiteOption,
    one_site,
    refuse_without_folder,
)
from builder.cli.progress import watching
from builder.durable import write_whole
from builder.errors import EXIT_FAILED, EXIT_UNREACHABLE, BadInput, PacsmithError
from builder.inventory.references import secret_references
from builder.load.place import find_site
from builder.load.site import load_site
from builder.models.drift import SiteDrift
from builder.models.site import Site
from builder.render.systemd import Watch, drift_units, environment_file, written_to
from builder.report.drift import drift_table, host_lines, legend
from builder.report.prometheus import prometheus_text
from builder.report.terminal import show
from builder.workflows.drift import drift as read_once
from builder.workflows.session import open_session

Format = Literal["table", "json", "prometheus"]
_PUBLIC = 0o644
_COLLECTOR = "/var/lib/prometheus/node-exporter"
_UNITS = 0o644
_MAKE = {
    False: "install prometheus-node-exporter, make it, or choose another file with --out",
    True: "pacsmith build makes it",
}
_LEAST = 10  # seconds between two readings


def drift(  # noqa: PLR0917 - one option each
    site_name: SiteArgument = None,
    site: SiteOption = None,
    host: HostOption = None,
    host_class: ClassOption = None,
    form: Annotated[
        Format, typer.Option("--format", help="How to tell it: table, json, or prometheus (text format).")
    ] = "table",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there instead, whole or not at all.")
    ] = None,
    watch: Annotated[
        int | None,
        typer.Option("--watch", metavar="SECONDS", help="Read again and again, with so many seconds between two."),
    ] = None,
    systemd: Annotated[
        Path | None,
        typer.Option(
            "--systemd",
            metavar="FOLDER",
            help="Read nothing; write a service and a timer there that read every hour (as /etc/systemd/system).",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what differs from what was accepted, since when, and whether the machine was changed (corrective: a build
    undoes what a role sets) or the site (intended: a build would carry it out). What matters to patients comes first.
    No host is changed: the roles are tried without effect, facts and certificates are compared.

    Exit code 0 when all is as accepted; 1 when something differs, or is unknown; 3 when a host could not be reached.

    Example: pacsmith drift --host archive01

    For Prometheus, every hour: pacsmith drift --systemd /etc/systemd/system
    """
    name = one_site(site_name, site)
    if systemd is not None:
        _refuse_beside(systemd, host=host, host_class=host_class, watch=watch)
        if form != "table" or as_json:
            raise BadInput(f"--systemd {systemd}: its timer writes for Prometheus; leave out --format and --json")
        _write_units(systemd, find_site(name), out)
        return
    if watch is not None and watch < _LEAST:
        raise BadInput(f"--watch {watch}: wait {_LEAST} seconds or more between two readings")
    if as_json and form == "prometheus":
        raise BadInput("--json and --format prometheus: choose one")
    form = "json" if as_json else form
    if form == "table" and out is not None:
        raise BadInput(f"--out {out}: a table is for a terminal; choose --format json or prometheus")
    if out is not None:
        refuse_without_folder("--out", out, out.parent)
    ask = _once(asker())

    def reading() -> SiteDrift:
        session = open_session("drift", name, hosts=host, host_class=host_class, ask=ask)
        with watching(session.machines, quiet=form != "table") as watcher:
            return read_once(session, watcher.event)

    found = reading()
    _give(found, form, out)
    while watch is not None:
        sleep(watch)
        try:
            found = reading()
        except PacsmithError as fault:  # a site file that is being edited, a ledger that is busy: the next may succeed
            typer.echo(f"pacsmith: {fault}", err=True)
            continue
        _give(found, form, out)
    _exit(found)


def _exit(found: SiteDrift) -> None:
    states = {one.state for one in found.hosts}
    if "unreachable" in states:
        raise typer.Exit(EXIT_UNREACHABLE)
    if states - {"as accepted"}:
        raise typer.Exit(EXIT_FAILED)


def _once(ask: Callable[[str], str] | None) -> Callable[[str], str] | None:
    """Whoever watches is asked for a password once, and not at each reading."""
    if ask is None:
        return None
    said: dict[str, str] = {}

    def answer(question: str) -> str:
        if question not in said:
            said[question] = ask(question)
        return said[question]

    return answer


def _give(found: SiteDrift, form: Format, out: Path | None) -> None:
    if form == "table":
        _tell(found)
        return
    text = prometheus_text(found) if form == "prometheus" else json.dumps(_as_data(found), indent=2) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        write_whole(out, text.encode(), _PUBLIC)
    except OSError as fault:
        raise BadInput(f"--out {out}: cannot be written ({fault.strerror}); choose another file") from None


def _as_data(found: SiteDrift) -> dict[str, object]:
    data: dict[str, object] = found.model_dump(mode="json")
    data["states"] = {host.host: host.state for host in found.hosts}
    data["first"] = [f"{one.host}: {one.subject}" for one in found.differences]
    return data


def _tell(found: SiteDrift) -> None:
    console = Console(soft_wrap=True)
    if found.differences:
        show(drift_table(found))
        for words in legend(found):
            console.print(f"  {words}", markup=False, highlight=False)
    for line in host_lines(found):
        console.print(line, highlight=False)
    if found.differences:
        typer.echo(
            "pacsmith plan shows each step's differences in full; pacsmith build makes the hosts what the site says"
        )
    typer.echo(f"run {found.run}: read {found.at:%Y-%m-%d %H:%M} UTC")


def _refuse_beside(folder: Path, **given: object) -> None:
    named = [f"--{option.replace('host_class', 'class')}" for option, value in given.items() if value]
    if named:
        raise BadInput(
            f"--systemd {folder}: its timer reads the whole site every hour; leave out {' and '.join(named)}"
        )


def _write_units(folder: Path, file: Path, metrics: Path | None) -> None:
    watch = _watch(load_site(file).value, file, metrics)
    refuse_without_folder("--systemd", folder, folder)
    for unit in drift_units(watch):
        try:
            write_whole(folder / unit.name, unit.text.encode(), _UNITS)
        except OSError as fault:
            raise BadInput(f"--systemd {folder}: cannot be written ({fault.strerror}); choose another folder") from None
        typer.echo(f"written  {folder / unit.name}")
    for place in map(Path, written_to(watch)):
        if not place.is_dir():
            typer.echo(f"note: the service cannot start before {place} is there; {_MAKE[place.name == '.pacsmith']}",
                       err=True)  # fmt: skip
        elif not _may_write(watch.user, place):
            typer.echo(f"note: the service runs as {watch.user}, who may not write to {place}; allow that, or choose "
                       "another file with --out", err=True)  # fmt: skip
    if watch.environment:
        typer.echo(
            f"note: {environment_file(watch.site)} is to hold {', '.join(watch.environment)}, for root alone", err=True
        )


def _may_write(user: str, folder: Path) -> bool:
    """Whether the folder's owner, group and mode let `user` make files there."""
    found, who = folder.stat(), pwd.getpwnam(user)
    groups = os.getgrouplist(user, who.pw_gid)
    return bool(
        who.pw_uid == 0
        or found.st_mode & stat.S_IWOTH
        or (found.st_gid in groups and found.st_mode & stat.S_IWGRP)
        or (found.st_uid == who.pw_uid and found.st_mode & stat.S_IWUSR)
    )


def _owner(folder: Path) -> str:
    try:
        return folder.owner()
    except KeyError:
        raise BadInput(f"--systemd: {folder} belongs to a user without a name, {folder.stat().st_uid}; give it to one "
                       "that this machine knows (chown)") from None  # fmt: skip


def _from_environment(site: Site) -> Iterator[str]:
    return (placed.reference.env for placed in secret_references(site) if placed.reference.env is not None)


def _watch(site: Site, file: Path, metrics: Path | None) -> Watch:
    """The timer of a site. It runs as the owner of the project folder: what another one keeps there is of no use to
    them. Raises BadInput for a vault whose password a person types, and for a file that no collector reads."""
    password = site.vault.password if site.vault is not None else None
    if password is not None and password.prompt:
        raise BadInput(f"{file}: a person types the vault's password, and a timer has nobody to ask; keep it in a file")
    if metrics is not None and metrics.suffix != ".prom":
        raise BadInput(f"--out {metrics}: node exporter reads files that end in .prom; choose such a name")
    collected = str((metrics or Path(_COLLECTOR) / f"pacsmith-drift-{site.name}.prom").absolute())
    program = Path(sys.executable).parent / "pacsmith"
    start = (str(program),) if program.is_file() else (sys.executable, "-m", "builder.cli.main")
    return Watch(
        site=site.name,
        user=_owner(Path.cwd()),
        folder=str(Path.cwd()),
        command=(*start, "drift", str(file), "--format", "prometheus", "--out", collected),
        metrics=collected,
        environment=tuple(sorted({*_from_environment(site), *filter(None, [password.env if password else None])})),
    )
