"""Rules about reading stations and thin clients: their settings, displays and the archive that they show."""

from collections import Counter
from collections.abc import Iterator

from builder.inventory.rules_case import Case, FieldPath, Found
from builder.inventory.rules_names import doubles
from builder.models.display import Display
from builder.models.quantity import amount
from builder.models.site import Host, HostClass

_STATIONS: tuple[HostClass, ...] = ("workstation", "thin_client")  # their settings have the class's name
# Accounts that Debian or pacsmith itself makes; a person who reads must not be one of them.
_TAKEN = frozenset(("root", "daemon", "bin", "sys", "nobody", "www-data", "orthanc", "postgres", "sshd", "pacsmith"))
_LEAST_CACHE = 64 * 1024**2  # bytes: ext4 takes some of it for its own tables and journal


def displays_of(host: Host) -> tuple[tuple[FieldPath, Display], ...]:
    """The displays of a station with their places below the host."""
    for field in _STATIONS:
        settings = getattr(host, field)
        if settings is not None:
            return tuple(((field, "displays", number), one) for number, one in enumerate(settings.displays))
    return ()


def stations_are_described(case: Case) -> Iterator[Found]:
    """A workstation and a thin client have their settings, and nothing else has them; a workstation has an AE."""
    for path, host in case.hosts:
        for field in _STATIONS:
            if host.host_class == field and getattr(host, field) is None:
                yield path, f"{host.name} is a {field} without `{field}:`", f"add `{field}:` to the host"
            if host.host_class != field and getattr(host, field) is not None:
                what = f"{host.name} is a {host.host_class} and has settings of a {field}"
                yield (*path, field), what, f"remove `{field}:`, or write `class: {field}`"
        if host.host_class == "workstation" and host.ae is None:
            yield path, f"{host.name} is a workstation without `ae`", "add `ae:` to the host"


def one_display_is_primary(case: Case) -> Iterator[Found]:
    """Windows open on exactly one display of a station."""
    for path, host in case.hosts:
        displays = displays_of(host)
        primary = [place for place, one in displays if one.primary]
        if displays and not primary:
            yield (*path, *displays[0][0][:2]), f"no display of {host.name} is primary", "write `primary: true` at one"
        for place in primary[1:]:
            what = f"{host.name} has several primary displays"
            yield (*path, *place, "primary"), what, "keep `primary: true` at one"


def displays_can_be_told_apart(case: Case) -> Iterator[Found]:
    """A display is known by maker, product and serial: no two of a site alike, and a serial where two could be."""
    named = []
    for path, host in case.hosts:
        displays = displays_of(host)
        for place, name, _ in doubles(((*path, *at, "name"), one.name) for at, one in displays):
            yield place, f"{host.name} has two displays called {name}", "give each its own name"
        kinds = Counter((one.maker, one.product) for _, one in displays)
        for at, one in displays:
            if one.serial is None and kinds[one.maker, one.product] > 1:
                what = f"{host.name} has several displays {one.maker} {one.product}, and this one has no serial"
                yield (*path, *at), what, "add its serial number from the EDID (pacsmith survey prints it)"
            if one.serial is not None:
                named.append(((*path, *at, "serial"), (one.maker, one.product, one.serial)))
    for place, (maker, product, serial), first in doubles(named):
        owner = case.site.hosts[int(first[1])].name
        yield place, f"the display {maker} {product} {serial} hangs on {owner} already", "correct one of the two"


def viewers_are_shown_by_an_archive(case: Case) -> Iterator[Found]:
    """A thin client shows the web viewer of one of our archives, and a route lets it search and fetch there."""
    for path, host in case.hosts:
        if host.thin_client is None:
            continue
        place, name = (*path, "thin_client", "archive"), host.thin_client.archive
        target = case.index.ends.get(name)
        if not isinstance(target, Host) or target.archive is None:
            yield place, f"{name} is no archive of this site", "name an archive host"
            continue
        if target.archive.viewer is None:
            yield place, f"{name} serves no web viewer", f"add `viewer:` to the archive settings of {name}"
        lacking = {"qido", "wado"} - case.granted.get((host.name, name), frozenset())
        if lacking:
            route = f"{{from: {host.name}, to: {name}, may: [qido, wado]}}"
            yield place, f"no route lets {host.name} {' and '.join(sorted(lacking))} at {name}", f"add a route {route}"


def people_are_no_system_accounts(case: Case) -> Iterator[Found]:
    """Who reads has an account of their own: not root, not a service, not the administrators' SSH user."""
    for path, host in case.hosts:
        for field, key in (("workstation", "reader"), ("thin_client", "user")):
            settings = getattr(host, field)
            name = getattr(settings, key) if settings is not None else None
            if name is not None and (name in _TAKEN or name == (host.ssh or case.site.ssh).user):
                yield (*path, field, key), f"{name} is an account of the system", "choose another name"


def caches_have_a_size(case: Case) -> Iterator[Found]:
    """A viewer's cache is an amount of bytes that can hold a volume."""
    for path, host in case.hosts:
        if host.workstation is None:
            continue
        place, text = (*path, "workstation", "cache", "size"), host.workstation.cache.size
        try:
            size = amount(text, "bytes")
        except ValueError as fault:
            what, _, remedy = str(fault).partition("; ")
            yield place, what, remedy or "write it as 20 GiB"
            continue
        if size < _LEAST_CACHE:
            yield place, f"a cache of {text} is too small for a volume", "write 64 MiB or more"


def login_screens_ask_for_a_password(case: Case) -> Iterator[Found]:
    """A station with a login screen has its reader's password, and one without has none."""
    for path, host in case.hosts:
        settings = host.workstation
        if settings is None:
            continue
        if not settings.auto_login and settings.password is None:
            what = f"{host.name} has a login screen and no password of its reader"
            remedy = f"add `password: {{vault: {host.name}_reader}}`, or write `auto_login: true`"
            yield (*path, "workstation"), what, remedy
        if settings.auto_login and settings.password is not None:
            what = f"{host.name} asks nobody for a password (`auto_login: true`), and has one"
            yield (*path, "workstation", "password"), what, "remove it, or write `auto_login: false`"


def graphics_fit_their_driver(case: Case) -> Iterator[Found]:
    """NVIDIA's driver is described where it is used, and only there."""
    for path, host in case.hosts:
        settings = host.workstation
        if settings is None:
            continue
        if settings.graphics == "nvidia" and settings.nvidia is None:
            what = f"{host.name} uses NVIDIA's driver and does not say which"
            yield (*path, "workstation", "graphics"), what, 'add `nvidia: {branch: "535"}`'
        if settings.graphics == "dummy" and settings.nvidia is not None:
            what = f"{host.name} has no panel (`graphics: dummy`) and names a driver of NVIDIA's"
            yield (*path, "workstation", "nvidia"), what, "remove it, or write `graphics: nvidia`"
