"""Prove the screens: test patterns, stored on the archive that a station really uses, shown by its own viewer there."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from builder.durable import write_whole
from builder.errors import BadInput, PacsmithError, Unreachable
from builder.inventory import Machine, fqdn_of
from builder.inventory.registry import grants
from builder.models.evidence import Evidence
from builder.models.site import Host, Peer, Site
from builder.probes.aeskulap import open_aeskulap
from builder.probes.kiosk import open_kiosk
from builder.probes.opening import StandInMaterial, opened
from builder.probes.pattern import Pattern, PatternKind, make_pattern, make_series
from builder.probes.screen_evidence import ScreenRecord, reader_of, unseen
from builder.probes.screen_session import ScreenSession
from builder.probes.stage import Stage
from builder.probes.station_viewer import StationViewer
from builder.report.gather import screens_folder
from builder.survey.remote import Remote
from builder.workflows.session import Session, now
from builder.workflows.traces import cleaned, for_one_station

FIRST = PatternKind(1024, 1024, 8)
_TURNS = 7  # images further in the series: enough to tell apart from one more or one less
_AT_ONCE = 2  # stations; each costs a core for its screenshots
Tell = Callable[[Evidence], None]
Put = Callable[..., tuple[Pattern, ...]]


@dataclass(frozen=True)
class Station:
    """A machine with a screen and the archive whose images it shows."""

    machine: Machine
    archive: Host

    @property
    def host(self) -> Host:
        """The station itself."""
        return self.machine.host

    @property
    def seconds(self) -> int:
        """Within which the first image must be there."""
        settings = self.host.workstation or self.host.thin_client
        assert settings is not None
        return settings.first_image_seconds


def prove_screens(session: Session, machines: Sequence[Machine], stage: Stage, tell: Tell) -> bool:
    """Show test patterns on every station among `machines`; whether all of them, and their archives, could be reached.
    What keeps a station from being looked at is told as unknown."""
    stations = [station for machine in machines for station in _stations(session, machine, tell)]
    if not stations:
        return True
    archives = frozenset(station.archive.name for station in stations)
    with (
        opened(stage, session.inventory, archives, frozenset(), lambda _: StandInMaterial(stage.ca_pem)),
        cleaned(stage, archives & {machine.host.name for machine in machines}, tell, "test patterns"),
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        asked = [pool.submit(_prove, session, stage, station, tell) for station in stations]
        try:
            reached = [done.result() for done in asked]
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # whoever interrupts wants no further screen taken over
            raise
    for station in stations:
        others = [archive.name for archive in _archives(session.site, station.host) if archive != station.archive]
        for item in unseen(session.site, station.host, session.run.id, now(), others):
            tell(item)
    return all(reached)


def _stations(session: Session, machine: Machine, tell: Tell) -> Iterator[Station]:
    host = machine.host
    if host.workstation is None and host.thin_client is None:
        return
    archive = archive_of(session, host)
    if archive is not None:
        yield Station(machine, archive)
        return
    record = ScreenRecord(host, session.run.id, "none")
    others = [
        g.target.name for g in grants(session.site, by=host.name) if isinstance(g.target, Peer) and "move" in g.may
    ]
    if not others:
        fault = PacsmithError("no route lets it fetch from an archive; add one with [find, move]")
        tell(record.failed("screen", fault, now()))
        return
    fault = PacsmithError(f"its images come from {', '.join(others)}, in which pacsmith puts no test pattern")
    found = record.failed("screen", fault, now())
    tell(found.model_copy(update={"attest": reader_of(host)}))


def archive_of(session: Session, host: Host) -> Host | None:
    """The archive whose images are shown: the first of those that a station may fetch from."""
    return next(iter(_archives(session.site, host)), None)


def _archives(site: Site, host: Host) -> tuple[Host, ...]:
    """The archives of ours from which a workstation may fetch; the one that a thin client is given."""
    if host.thin_client is not None:
        ends = [site.end(host.thin_client.archive)]
    else:
        ends = [grant.target for grant in grants(site, by=host.name) if {"find", "move"} <= set(grant.may)]
    return tuple(end for end in ends if isinstance(end, Host) and end.archive is not None)


def _prove(session: Session, stage: Stage, station: Station, tell: Tell) -> bool:
    """Show the patterns on one station; false when it, or its archive, could not be reached."""
    record = ScreenRecord(station.host, session.run.id, _probe(station))
    try:
        archive = stage.archive(station.archive.name)
        with (
            Remote(station.machine.connection) as remote,
            for_one_station(archive) as put,
            viewer_of(session, station, remote) as viewer,
        ):
            screen = ScreenSession(viewer, float(station.seconds), partial(_keep, session))
            _show(put, screen, record, tell)
    except PacsmithError as fault:
        tell(record.failed("screen", fault, now()))
        return not isinstance(fault, Unreachable)
    except (OSError, ValueError, LookupError) as fault:  # what no driver foresaw at one station is no end of the others
        tell(record.failed("screen", PacsmithError(f"{type(fault).__name__}: {fault}"), now()))
    return True


def _probe(station: Station) -> str:
    viewer = "Aeskulap" if station.host.workstation is not None else "web viewer in the kiosk's browser"
    return f"{viewer} and screenshot on {station.host.name}, images of {station.archive.name}"


def viewer_of(session: Session, station: Station, remote: Remote) -> AbstractContextManager[StationViewer]:
    """The station's own viewer, opened. Raises BadInput when nobody may use an archive's web viewer."""
    if station.host.workstation is not None:
        return open_aeskulap(remote, station.host, station.archive.name)
    settings = station.archive.archive
    assert settings is not None
    user = next((user for user in settings.users if {"qido", "wado"} <= set(user.may)), None)
    if user is None:
        raise BadInput(
            f"hosts/{station.archive.name}: no web user may qido and wado, so that nobody can use the viewer; add one "
            "to archive.users"
        )
    port = "" if settings.web_port == 443 else f":{settings.web_port}"
    origin = f"https://{fqdn_of(session.site, station.archive)}{port}"
    return open_kiosk(remote, station.host.name, origin, user.name, session.store.value(user.password))


def _show(put: Put, screen: ScreenSession, record: ScreenRecord, tell: Tell) -> None:
    """8 bit; then 12 bit, of a size that the viewer can show pixel for pixel; then a series."""
    run, name = record.run, record.host.name
    first = put(make_pattern(run, name, FIRST))[0]
    shown, reading = screen.show(first)
    tell(record.greys(first.sample.name, shown, reading, now()))
    tell(record.first_image(shown, screen.patience, now()))
    own = put(make_pattern(run, name, PatternKind(*screen.own_size(), 12)))[0]
    shown, reading = screen.show(own, one_to_one=True)
    tell(record.greys(own.sample.name, shown, reading, now()))
    tell(record.mapping(own.sample.name, shown, reading, now()))
    series = put(*make_series(run, name))
    screen.show(series[0])
    shown, reading = screen.scrolled(series[_TURNS], _TURNS)
    tell(record.scrolled(series[_TURNS].layout, shown, reading, now()))


def _keep(session: Session, png: bytes) -> None:
    """Keep a screenshot under its own hash, where the dossier finds it. Raises BadInput when it cannot be written."""
    file = screens_folder(session.site) / f"{hashlib.sha256(png).hexdigest()}.png"
    try:
        write_whole(file, png, 0o640)
    except OSError as fault:
        raise BadInput(f"{file}: cannot be written ({fault.strerror}); free space in the project folder") from None
