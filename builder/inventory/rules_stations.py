"""Rules about reading stations and thin clients: their settings, displays and the archive that they show."""

from collections import Counter
from collections.abc import Iterator

from builder.inventory.rules_case import Case, FieldPath, Found
from builder.inventory.rules_names import doubles
from builder.inventory.rules_routes import kind_of
from builder.models.display import Display
from builder.models.quantity import amount
from builder.models.site import Host, HostClass, Operation

_STATIONS: tuple[HostClass, ...] = ("workstation", "thin_client")  # their settings have the class's name
# Accounts that Debian or pacsmith itself makes; a person who reads must not be one of them.
_TAKEN = frozenset(("root", "daemon", "bin", "sys", "nobody", "www-data", "orthanc", "postgres", "sshd", "pacsmith"))
_LEAST_CACHE = 64 * 1024**2  # bytes: ext4 takes some of it for its own tables and journal
_MOST_CACHE = 16 * 1024**4  # bytes: where files of ext4 end (blocks of 4 KiB, 32-bit numbers: Linux, ext4/blocks.rst)
_FARTHEST = 32767  # pixels: X counts places on the desktop as INT16 (X Window System Protocol, section 1)


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


def displays_without_a_panel_are_not_turned(case: Case) -> Iterator[Found]:
    """X.org's dummy driver cannot rotate: of its CRTCs shadow_create is NULL (xf86-video-dummy 0.4, dummy_driver.c).
    Seen with Debian 12's: `xrandr: output DUMMY0 cannot use rotation "left"`, and the same for right and inverted."""
    for path, host in case.hosts:
        settings = host.workstation or host.thin_client
        if settings is None or settings.graphics != "dummy":
            continue
        for place, one in displays_of(host):
            if one.orientation != "normal":
                what = f"a screen without a panel (`graphics: dummy`) cannot be turned to {one.orientation}"
                remedy = "write `orientation: normal`, or `graphics: automatic` where a panel hangs"
                yield (*path, *place, "orientation"), what, remedy


def desktops_are_not_too_large(case: Case) -> Iterator[Found]:
    """The displays of a station, side by side, are a desktop that X can count: at most 32767 pixels either way."""
    for path, host in case.hosts:
        displays = displays_of(host)
        width = sum(one.size[0] for _, one in displays)
        height = max((one.size[1] for _, one in displays), default=0)
        if width > _FARTHEST or height > _FARTHEST:
            what = f"the desktop of {host.name} would have {width}x{height} pixels"
            remedy = f"X goes to {_FARTHEST} either way: correct the modes of its displays"
            yield (*path, *displays[0][0][:2]), what, remedy


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


def without_an_archive(case: Case) -> Iterator[tuple[FieldPath, Host]]:
    """Workstations that no route lets both search and fetch at one end: they would show nothing."""
    able = {source for (source, _), may in case.granted.items() if {"find", "move"} <= may}
    for path, host in case.hosts:
        if host.host_class == "workstation" and host.workstation is not None and host.name not in able:
            yield path, host


def workstations_can_fetch(case: Case) -> Iterator[Found]:
    """A reading station without an archive to search and fetch from shows nothing, and cannot be accepted. A site
    without any archive is one of machines that are tested before they are put to work; it is only remarked on."""
    archives = [end.name for _, end in case.ends if kind_of(end) == "archive"]
    known_archives = frozenset(archives)
    for path, host in without_an_archive(case) if archives else ():
        asked = {route.to: None for route in case.index.routes_from.get(host.name, ()) if route.to in known_archives}
        likely = list(asked) or archives
        routes = _lacking_routes(case, host.name, likely[0] if len(likely) == 1 else "ARCHIVE")
        known = f" (archives here: {', '.join(archives[:10])})" if len(likely) > 1 else ""
        what = f"{host.name} is a workstation, and no route lets it find and move at an archive"
        yield path, what, f"add {routes}{known}"


def _lacking_routes(case: Case, station: str, archive: str) -> str:
    """What is not granted yet of the routes of a station, as it stands in a site file."""
    wanted: tuple[tuple[str, str, tuple[Operation, ...]], ...] = (
        (station, archive, ("echo", "find", "move")),
        (archive, station, ("echo", "store")),
    )
    lacking = [
        (source, target, [one for one in may if one not in case.granted.get((source, target), ())])
        for source, target, may in wanted
    ]
    texts = [f"{{from: {start}, to: {end}, may: [{', '.join(may)}]}}" for start, end, may in lacking if may]
    return f"the route{'s' if len(texts) > 1 else ''} {' and '.join(texts)}"


def people_are_no_system_accounts(case: Case) -> Iterator[Found]:
    """Who reads has an account of their own: not root, not a service, not the administrators' SSH user."""
    for path, host in case.hosts:
        for field, key in (("workstation", "reader"), ("thin_client", "user")):
            settings = getattr(host, field)
            name = getattr(settings, key) if settings is not None else None
            if name is not None and (name in _TAKEN or name == (host.ssh or case.site.ssh).user):
                yield (*path, field, key), f"{name} is an account of the system", "choose another name"


def caches_have_a_size(case: Case) -> Iterator[Found]:
    """A viewer's cache is an amount of bytes that can hold a volume, and of which a file can be made."""
    for path, host in case.hosts:
        if host.workstation is None:
            continue
        place, text = (*path, "workstation", "cache", "size"), host.workstation.cache.size
        try:
            size = amount(text, "bytes")
        except ValueError as fault:
            what, _, remedy = str(fault).partition("; ")
            nothing = not text.strip("0.")  # the remedy would give 0 a unit
            yield place, what, "write it as 20 GiB" if nothing or not remedy else remedy
            continue
        if size < _LEAST_CACHE:
            yield place, f"a cache of {text} is too small for a volume", "write 64 MiB or more"
        if size >= _MOST_CACHE:
            yield place, f"a cache of {text} is larger than any file on the station", "write less than 16 TiB"


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
    """NVIDIA's driver is described where it is used, and only there; thin clients have none."""
    for path, host in case.hosts:
        if host.thin_client is not None and host.thin_client.graphics == "nvidia":
            what = f"{host.name} is a thin client, and pacsmith builds NVIDIA's driver on workstations alone"
            remedy = "write `graphics: automatic`, which takes the driver of Debian's kernel"
            yield (*path, "thin_client", "graphics"), what, remedy
        settings = host.workstation
        if settings is None:
            continue
        if settings.graphics == "nvidia" and settings.nvidia is None:
            what = f"{host.name} uses NVIDIA's driver and does not say which"
            yield (*path, "workstation", "graphics"), what, 'add `nvidia: {branch: "535"}`'
        if settings.graphics == "dummy" and settings.nvidia is not None:
            what = f"{host.name} has no panel (`graphics: dummy`) and names a driver of NVIDIA's"
            yield (*path, "workstation", "nvidia"), what, "remove it, or write `graphics: nvidia`"
        if settings.graphics == "automatic" and settings.nvidia is not None:
            what = f"{host.name} names a driver of NVIDIA's and leaves the choice to X.org (`graphics: automatic`)"
            yield (*path, "workstation", "nvidia"), what, "write `graphics: nvidia`, or remove it"
