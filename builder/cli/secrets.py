"""`pacsmith secrets`: make, list and set the site's secrets; list certificates. Values are never shown."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from difflib import get_close_matches
from getpass import getpass
from secrets import token_urlsafe
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from builder.cli.ask import asker
from builder.cli.options import JsonOption, SiteOption
from builder.errors import EXIT_FAILED, BadInput
from builder.inventory.references import secret_references
from builder.load import load_site
from builder.load.place import find_site
from builder.models.site import Site
from builder.secrets import certificate_holders, generate_missing, identity_of, open_store, signing_request
from builder.secrets.certificates import certificate_key_name
from builder.secrets.inspect import certificate_rows, secret_rows
from builder.secrets.redact import MINIMUM_LENGTH

app = typer.Typer(help="Make, list and set the secrets of a site; list certificates.", no_args_is_help=True)


def _site(name: str | None) -> Site:
    return load_site(find_site(name)).value


def _print(table: Table) -> None:
    # A pipe has no width: lines that a script reads are not folded.
    Console(width=None if sys.stdout.isatty() else 500, markup=False, highlight=False).print(table)


@app.command()
def generate(site: SiteOption = None) -> None:
    """Make what is missing: vault password file, random values, the CA's key, host keys. Nothing present is changed."""
    model = _site(site)
    if model.vault is None:
        raise BadInput(f"site {model.name}: it has no vault to keep secrets in; add `vault:` to the site file")
    made = generate_missing(model, ask=asker())
    for name in made:
        typer.echo(f"made  {name}")
    typer.echo(f"{len(made)} made; the vault is {model.vault.file}" if made else "nothing is missing")


@app.command("list")
def list_secrets(site: SiteOption = None, as_json: JsonOption = False) -> None:
    """Show names, where they are wanted and whether they are there. Exit 1 when one is missing."""
    model = _site(site)
    rows = secret_rows(model, open_store(model, ask=asker()))
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        table = Table("secret", "state", "wanted by", box=None, pad_edge=False)
        for row in rows:
            table.add_row(row.key, row.state, ", ".join(row.wanted_by) or "nothing in the site file")
        _print(table)
        for problem in dict.fromkeys(row.problem for row in rows if row.problem):  # of a closed vault all have the same
            typer.echo(problem)
    if any(row.state == "missing" for row in rows):
        raise typer.Exit(EXIT_FAILED)


def _value(name: str) -> str:
    """From standard input whole (without its last newline), or typed twice on a terminal."""
    if not sys.stdin.isatty():
        value = sys.stdin.read().removesuffix("\n")
    else:
        value = getpass(f"{name}: ")
        if getpass(f"{name} again: ") != value:
            raise BadInput(f"secret {name}: the two values differ; nothing was changed, try again")
    if len(value.strip()) < MINIMUM_LENGTH:
        raise BadInput(f"secret {name}: a value has at least {MINIMUM_LENGTH} characters; nothing was changed")
    return value


@app.command("set")
def set_secret(
    name: Annotated[str, typer.Argument(help="Name in the vault; the value comes from standard input or a prompt.")],
    site: SiteOption = None,
    random: Annotated[
        bool, typer.Option("--random", help="A new random value instead; for a password change.")
    ] = False,
) -> None:
    """Put a value into the site's vault, in place of the present one if there is one."""
    model = _site(site)
    store = open_store(model, ask=asker())
    if store.vault is None:
        raise BadInput(f"site {model.name}: it has no vault to keep a secret in; add `vault:` to the site file")
    _refuse_unknown(model, name)
    value = token_urlsafe(24) if random else _value(name)
    store.keep(lambda _: {name: value})
    typer.echo(f"set  {name}; the next build brings it to the hosts")


def _refuse_unknown(model: Site, name: str) -> None:
    """A value under a name that nothing asks for would look like a changed password and change nothing."""
    wanted = {one.reference.vault for one in secret_references(model) if one.reference.vault is not None}
    wanted |= set(map(certificate_key_name, certificate_holders(model)))
    if name not in wanted:
        near = get_close_matches(name, wanted, n=1)
        hint = f"did you mean {near[0]}?" if near else f"it names {', '.join(sorted(wanted))}"
        raise BadInput(f"site {model.name}: nothing in it names the secret {name}; {hint}")


def _request(model: Site, host: str) -> None:
    try:
        end = model.end(host)
    except KeyError:
        raise BadInput(f"site {model.name}: it has no host or peer {host!r}; name one of the site file") from None
    identity = identity_of(model, end)
    path = signing_request(model, open_store(model, ask=asker()), host, identity.dns, identity.addresses)
    typer.echo(f"{path}: have it signed by the hospital's CA and put the answer beside it as {path.stem}.pem")


@app.command()
def certificates(
    site: SiteOption = None,
    csr: Annotated[str | None, typer.Option("--csr", metavar="HOST", help="Write this host's signing request.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the site's certificates with the days that are left; with --csr, write a signing request."""
    model = _site(site)
    if csr is not None:
        _request(model, csr)
        return
    rows = certificate_rows(model, certificate_holders(model), datetime.now(UTC).date())
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2, default=str))
        return
    table = Table("certificate", "subject", "ends", "days left", box=None)
    for row in rows:
        absent = row.subject is None
        table.add_row(
            row.name,
            row.subject or "none yet",
            "" if absent else str(row.not_after),
            "" if absent else str(row.days_left),
        )
    _print(table)
