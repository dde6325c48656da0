"""Which of pyinfra's facts may be kept, what they rest on, and which of them we ask in a cheaper way.

A fact of pyinfra's own is kept unless it tells of the moment; a fact from elsewhere is read, but kept only when its
class says so (`pacsmith_kept = True`), since nobody here knows what it rests on.
"""

from typing import Any

from pyinfra.api.facts import FactBase, ShortFactBase, get_fact
from pyinfra.api.host import Host
from pyinfra.facts import deb, server

from builder.engines.shell.reading import Reading, reading
from builder.engines.shell.users_fact import UsersInOneGo

# These answers change by themselves, so a second question wants a second answer.
_MOMENTARY = frozenset({"Date", "LoadAverage", "Uptime", "Processes", "Last", "Lastb", "Port", "Ports"})
_ACCOUNTS = (
    "/etc/passwd",
    "/etc/group",
    "/etc/shadow",
    "/etc/nsswitch.conf",
    "/var/lib/extrausers",
    "/var/log/lastlog",
)
# Where an answer rests on few files, a file elsewhere may change under it. Anything but a file's change drops it.
_FILES: dict[type[Any], tuple[str, ...]] = {
    deb.DebPackages: ("/var/lib/dpkg",),
    deb.DebArch: ("/var/lib/dpkg",),
    server.Arch: (),
    server.Kernel: (),
    server.KernelVersion: (),
    server.Users: _ACCOUNTS,
    server.Groups: ("/etc/group", "/etc/nsswitch.conf"),
}
_IN_OUR_WAY: dict[type[FactBase[Any]], type[FactBase[Any]]] = {server.Users: UsersInOneGo}


def cheaper(fact: type[FactBase[Any]]) -> type[FactBase[Any]]:
    """The fact to ask in place of this one: the same answer for less work."""
    return _IN_OUR_WAY.get(fact, fact)


def how_read(fact: type[FactBase[Any]] | type[ShortFactBase[Any]]) -> Reading | None:
    """How a fact reads; None for one that runs whatever its caller says, which may change the host."""
    if isinstance(fact, type) and issubclass(fact, ShortFactBase):
        return how_read(fact.fact)
    if fact is server.Command:
        return None
    if not fact.__module__.startswith("pyinfra.facts."):
        return Reading(kept=getattr(fact, "pacsmith_kept", False))
    momentary = fact.__module__ == server.__name__ and fact.__name__ in _MOMENTARY
    return Reading(kept=not momentary, files=_FILES.get(fact))


def read_fact(host: Host, fact: Any, *args: Any, **kwargs: Any) -> Any:
    """In place of `Host.get_fact`: the same answer, kept while it holds and asked for in the cheapest way."""
    with reading(how_read(fact)):
        return get_fact(host.state, host, cheaper(fact), args=args, kwargs=kwargs)
