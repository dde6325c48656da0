"""Make the secrets of a new site: the vault's password, random values for what is missing, the CA's key, host keys."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from builder.durable import held, write_whole
from builder.errors import BadInput
from builder.inventory.references import PlacedReference, secret_references
from builder.models.site import Site
from builder.secrets.certificates import certificate_holders, certificate_key_name, certificates_folder
from builder.secrets.keys import new_key
from builder.secrets.password import Ask
from builder.secrets.store import SecretStore, open_store

_NOT_RANDOM = {("ledger",)}  # an address with a password in it: only a person knows it
_CA_KEY = ("ca", "key")


def _make_password_file(site: Site) -> bool:
    """Write a random vault password (mode 0600) where the site wants a file and has none. True when it did."""
    vault = site.vault
    if vault is None or vault.password.file is None or Path(vault.password.file).exists():
        return False
    path = Path(vault.password.file)
    if Path(vault.file).exists():
        raise BadInput(
            f"{path}: the password of {vault.file} is missing; restore it (a new one would not open the vault)"
        )
    with held(path.parent):
        if path.exists():
            return False
        write_whole(path, secrets.token_urlsafe(32).encode() + b"\n")
    return True


def _new_value(placed: PlacedReference) -> str:
    return new_key(strong=True) if placed.path == _CA_KEY else secrets.token_urlsafe(24)


def missing_values(site: Site, present: Mapping[str, SecretStr]) -> dict[str, str]:
    """New values for every vault name of the site that is not in `present`, host keys included."""
    made: dict[str, str] = {}
    for placed in secret_references(site):
        name = placed.reference.vault
        if name is not None and name not in present and name not in made and placed.path not in _NOT_RANDOM:
            made[name] = _new_value(placed)
    for name in map(certificate_key_name, certificate_holders(site)):
        if name not in present and name not in made:
            made[name] = new_key()
    return made


def _refuse_a_second_beginning(site: Site) -> None:
    authority = certificates_folder(site) / "ca.pem"
    if site.vault is not None and not Path(site.vault.file).exists() and authority.exists():
        raise BadInput(
            f"{site.vault.file}: the vault is gone, but the site was built with it ({authority} is there); restore "
            f"the vault from your backup, or remove {authority} to give the site new secrets and a new CA on purpose"
        )


def generate_missing(site: Site, store: SecretStore | None = None, *, ask: Ask | None = None) -> tuple[str, ...]:
    """Write what is missing into the vault; existing values are never changed. The names written, sorted.

    Raises BadInput when a vault exists without its password, does not open, cannot be written, or is gone although the
    site has been built: new secrets would then lock its hosts' databases and users out, and change what they trust.
    """
    _refuse_a_second_beginning(site)
    if site.vault is None:
        return ()
    try:
        made_password = _make_password_file(site)
    except OSError as fault:
        raise BadInput(
            f"{site.vault.password.file}: cannot be written ({fault.strerror}); mend that and run again"
        ) from None
    store = store or open_store(site, ask=ask)
    names = store.keep(lambda present: missing_values(site, present))
    return (*(["vault password"] if made_password else []), *names)
