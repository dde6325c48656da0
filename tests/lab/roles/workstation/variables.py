"""What the trial role is told: a text that looks like a template, and a secret."""

from typing import Self

from builder.models.base import Model
from builder.models.secret import SecretReference
from builder.models.site import Host, Site


class Variables(Model):
    """Both are written to files by the role."""

    greeting: str
    password: SecretReference

    @classmethod
    def of(cls, site: Site, host: Host) -> Self:
        """The greeting names the host and its place."""
        greeting = f"{host.name} stands in {host.location} {{{{ not a template }}}}"
        return cls(greeting=greeting, password=SecretReference(env="TRIAL_SECRET"))
