"""What a reading station does all day, for its burn-in: fetch an image from the archive and show it, over and over."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from builder.errors import PacsmithError
from builder.models.evidence import Evidence
from builder.probes.burn_in_images import Show
from builder.probes.opening import StandInMaterial, opened
from builder.probes.pattern import make_pattern
from builder.probes.screen_session import ScreenSession
from builder.probes.stage import Stage
from builder.secrets.certificates import ca_certificate
from builder.survey.remote import Remote
from builder.workflows.screens import FIRST, Station, archive_of, viewer_of
from builder.workflows.session import Session
from builder.workflows.traces import cleaned

_PATIENCE = 60.0  # seconds for one image: a station under load may be slow, which its acceptance without load judges


@contextmanager
def images_under_load(session: Session, tell: Callable[[Evidence], None]) -> Iterator[Mapping[str, Show]]:
    """By reading station, what shows one image of the archive there, once; for as long as the block lasts. The viewers
    are started anew at its end, and the images leave the archives, which is told as evidence."""
    stations = [
        Station(machine, archive)
        for machine in session.machines
        if machine.host.workstation is not None and (archive := archive_of(session, machine.host)) is not None
    ]
    if not stations:
        yield {}
        return
    ca_pem = ca_certificate(session.site, session.store)
    stage = Stage(session.site, session.run.id, session.store.value, ca_pem, at_work=session.ledger.at_work)
    archives = frozenset(station.archive.name for station in stations)
    own = archives & {machine.host.name for machine in session.machines}
    with (
        opened(stage, session.inventory, archives, frozenset(), lambda _: StandInMaterial(ca_pem)),
        cleaned(stage, own, tell, "images of the burn-in"),
        ExitStack() as kept,
    ):
        yield {station.host.name: _show(session, stage, station, kept) for station in stations}


def _show(session: Session, stage: Stage, station: Station, kept: ExitStack) -> Show:
    """A station that cannot be opened says so whenever it is asked for an image."""
    try:
        pattern = make_pattern(session.run.id, station.host.name, FIRST)
        stage.archive(station.archive.name).put_all([pattern.sample.content])
        remote = kept.enter_context(Remote(station.machine.connection))
        viewer = kept.enter_context(viewer_of(session, station, remote))
    except PacsmithError as fault:
        return _raising(fault)
    screen = ScreenSession(viewer, _PATIENCE, lambda _: None)

    def show() -> float | None:
        shown, reading = screen.show(pattern)
        if reading.verdict == "met":
            return shown.seconds
        raise PacsmithError(shown.note or "; ".join(fault.sentence for fault in reading.faults) or "no image came")

    return show


def _raising(fault: PacsmithError) -> Show:
    def show() -> float | None:
        raise fault

    return show
