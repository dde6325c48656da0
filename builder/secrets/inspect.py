"""What a site's secrets and certificates are, without their values: for lists that a person reads."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from builder.inventory.index import all_ends
from builder.inventory.references import secret_references
from builder.models.secret import SecretReference
from builder.models.site import Site
from builder.secrets.certificates import certificate_key_name, certificates_folder, present_certificate
from builder.secrets.leaf import days_left
from builder.secrets.store import SecretStore

State = Literal["present", "missing", "unused"]


@dataclass(frozen=True, slots=True)
class SecretRow:
    """A secret by its reference's key; `wanted_by` are places in the site file, in words; `problem` says what to do."""

    key: str
    state: State
    wanted_by: tuple[str, ...]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate that lies in the site's folder, or is missing there (`subject` None)."""

    name: str
    subject: str | None
    not_after: date | None
    days_left: int | None


def secret_rows(site: Site, store: SecretStore) -> tuple[SecretRow, ...]:
    """Every secret that the site names or the vault holds, sorted by key.

    Raises BadInput when the vault exists and does not open; a vault that is not there yet makes its names missing.
    """
    wanted: defaultdict[str, list[str]] = defaultdict(list)
    references: dict[str, SecretReference] = {}
    for placed in secret_references(site):
        wanted[placed.reference.key].append(place_in_words(site, placed.path))
        references[placed.reference.key] = placed.reference
    held = store.vault.values() if store.vault is not None and store.vault.path.exists() else {}
    holders = {f"vault:{certificate_key_name(end.name)}": end.name for end in all_ends(site)}
    rows = []
    for key in {*references, *(f"vault:{name}" for name in held)}:
        if key in references:
            problem = store.problem(references[key])
            rows.append(SecretRow(key, "missing" if problem else "present", tuple(wanted[key]), problem))
        elif key in holders:
            rows.append(SecretRow(key, "present", (f"{holders[key]}: its certificate",)))
        else:
            rows.append(SecretRow(key, "unused", ()))
    return tuple(sorted(rows, key=lambda row: row.key))


def place_in_words(site: Site, path: tuple[str | int, ...]) -> str:
    """A place in the site file with names in place of numbers: `archive01: archive.users[ward].password`."""
    here: Any = site
    words = owner = ""
    for step in path:
        if isinstance(step, int):
            here = here[step]
            name = getattr(here, "name", str(step))
            if words in ("hosts", "peers"):
                owner, words = f"{name}: ", ""
            else:
                words += f"[{name}]"
        else:
            here = getattr(here, step, None)
            words += f".{step}" if words else step
    return owner + words


def certificate_rows(site: Site, names: tuple[str, ...], today: date) -> tuple[CertificateRow, ...]:
    """The CA's certificate, then those of `names`; read from the public files alone, so no password is needed."""
    rows = []
    for name in ("ca", *sorted(names)):
        certificate = present_certificate(certificates_folder(site) / f"{name}.pem")
        if certificate is None:
            rows.append(CertificateRow(name, None, None, None))
        else:
            subject, end = certificate.subject.rfc4514_string(), certificate.not_valid_after_utc.date()
            rows.append(CertificateRow(name, subject, end, days_left(certificate, today)))
    return tuple(rows)
