"""Nothing to say: the trial of the Ansible engine needs no base."""

from typing import Self

from builder.models.base import Model
from builder.models.site import Host, Site


class Variables(Model):
    """Empty."""

    @classmethod
    def of(cls, site: Site, host: Host) -> Self:
        """The same for every host."""
        return cls()
