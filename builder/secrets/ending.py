"""How long a certificate of the hospital's own CA lasts: no machine renews it, so a person must be told in time."""

from datetime import date
from typing import NamedTuple

from builder.models.site import Site
from builder.secrets.certificates import certificates_folder, present_certificate
from builder.secrets.leaf import days_left


class Remaining(NamedTuple):
    """`days` to the end, negative after it, None without a certificate; `told` says it, with the remedy when `soon`."""

    days: int | None
    told: str
    soon: bool


def remaining(site: Site, name: str, today: date) -> Remaining | None:
    """What is left of the certificate of `name`; None where the site CA of pacsmith makes and renews it."""
    if site.ca.mode != "external":
        return None
    path, asked = (certificates_folder(site) / f"{name}.{kind}" for kind in ("pem", "csr"))
    certificate = present_certificate(path)
    if certificate is None:
        return Remaining(None, f"{path}: there is no certificate that can be read; have {asked} signed", soon=True)
    left = days_left(certificate, today)
    if left >= site.ca.renew_before_days:
        return Remaining(left, f"{left} days are left", soon=False)
    end = f"{left} days are left" if left >= 0 else f"it expired on {certificate.not_valid_after_utc:%Y-%m-%d}"
    return Remaining(left, f"{path}: {end}; have {asked} signed again", soon=True)
