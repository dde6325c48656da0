"""Which machines of a site a person means with --host and --class (pure)."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import get_args

from builder.errors import BadInput
from builder.inventory import Inventory, Machine
from builder.models.site import HostClass, Site

_LISTED = 20  # names of hosts; more are no help


def selected(site: Site, hosts: Sequence[str] | None, host_class: str | None) -> frozenset[str]:
    """Names of the hosts that `--host` and `--class` name; all without them. Raises BadInput for what is not there."""
    known = sorted(host.name for host in site.hosts)
    for name in hosts or ():
        if name not in known:
            near = get_close_matches(name, known, n=1)
            there = f"it has {', '.join(known)}" if len(known) <= _LISTED else f"it has {len(known)} others"
            hint = f"did you mean {near[0]}?" if near else there
            raise BadInput(f"--host {name}: site {site.name} has no such host; {hint}")
    classes = get_args(HostClass)
    if host_class and host_class not in classes:
        raise BadInput(f"--class {host_class}: there is no such class; write one of {', '.join(classes)}")
    chosen = frozenset(
        host.name
        for host in site.hosts
        if (not hosts or host.name in hosts) and (not host_class or host.host_class == host_class)
    )
    if not chosen:
        which = f"among {', '.join(hosts)}" if hosts else f"in site {site.name}"
        raise BadInput(f"--class {host_class}: there is no host of this class {which}; leave the option out")
    return chosen


def select(inventory: Inventory, hosts: Sequence[str] | None, host_class: str | None) -> tuple[Machine, ...]:
    """The machines that `--host` and `--class` name; all without them. Raises BadInput for what is not there."""
    chosen = selected(inventory.site, hosts, host_class)
    return tuple(machine for machine in inventory.machines if machine.host.name in chosen)
