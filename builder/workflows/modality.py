"""What an upgrade is to a modality: a stand-in of the lab that stores one image a second all the while, or, where no
stand-in plays one, whether the DICOM port lets this machine in, each second."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from builder.errors import PacsmithError
from builder.inventory import Machine, StandIn
from builder.lab.lab import Lab
from builder.models.upgrade import OutageSeen
from builder.probes.dcmtk import Way
from builder.probes.samples import stream_image
from builder.probes.stream import ENDED, LOG, Stream, read_stream, stream_script
from builder.survey.remote import Remote
from builder.workflows.session import Session

_WAIT_SECONDS = 300.0
_SECOND = 1.0


class Watch:
    """Under way from `watched` on. `outage` is what was seen, once it is over; `stream` what a stand-in wrote down."""

    def __init__(self) -> None:
        self.outage: OutageSeen | None = None
        self.stream: Stream | None = None


@contextmanager
def watched(session: Session, machine: Machine, *, adopt: bool = False) -> Iterator[Watch]:
    """See the host's outage as its modalities do, while the block goes on; with `adopt`, as since the upgrade that was
    cut off. A stand-in that is cut off makes no outage known; it hinders nobody."""
    watch, sender = Watch(), _sender(session, machine)
    if machine.host.ae is None:
        yield watch
        return
    begin = _stored(session, machine, sender, watch, adopt=adopt) if sender is not None else _knocked(machine, watch)
    with begin:
        yield watch
    if adopt and sender is None:
        watch.outage = None  # it began before this machine knocked again


def _sender(session: Session, machine: Machine) -> StandIn | None:
    """A modality that may store there without TLS, played by the lab; a station keeps no such images."""
    if machine.host.archive is None:
        return None
    played = Lab(session.site).playing()
    may = {one.from_ for one in session.site.routes if one.to == machine.host.name and "store" in one.may}
    fits = (one for one in session.inventory.stand_ins if one.peer.name in may & played)
    return next((one for one in fits if one.peer.ae is not None and not one.peer.ae.tls), None)


@contextmanager
def _stored(session: Session, machine: Machine, sender: StandIn, watch: Watch, *, adopt: bool) -> Iterator[None]:
    ae, own = machine.host.ae, sender.peer.ae
    if ae is None or own is None:
        raise ValueError(f"{machine.host.name} or {sender.peer.name} has no AE title")
    way = Way(own.title, ae.title, str(machine.host.address), ae.port)
    folder = f"/tmp/pacsmith-stream-{machine.host.name}"
    with Remote(sender.connection) as remote:
        whole = _begin(
            remote, folder, stream_script(way, folder, "sample.dcm"), stream_image(session.run.id), adopt=adopt
        )
        try:
            yield
        except BaseException:
            with suppress(PacsmithError):
                remote.run(["touch", f"{folder}/{ENDED}"])
            raise
        with suppress(PacsmithError):
            watch.stream = _collected(remote, folder)
            how = f"one C-STORE a second: {len(watch.stream.made)} made, {len(watch.stream.taken)} taken by the end"
            seen = OutageSeen(seconds=round(watch.stream.outage, 1), seen_by=sender.peer.name, how=how)
            watch.outage = seen if whole else None


def _begin(remote: Remote, folder: str, script: str, image: bytes, *, adopt: bool) -> bool:
    """Let the stand-in store from now on; with `adopt`, one that already does so goes on. What another run has left
    there is ended and removed. Whether it sees all of the outage: not one that begins in the middle."""
    alive = f"[ -e {folder}/go ] && kill -0 $(cat {folder}/pid 2>/dev/null) 2>/dev/null"
    if adopt and remote.run(alive).code == 0:
        return True
    remote.run(f"! {{ {alive}; }} || kill $(cat {folder}/pid); rm -rf {folder}; mkdir -p {folder}")
    remote.put(image, f"{folder}/sample.dcm")
    remote.put(script.encode(), f"{folder}/stream.sh", "700")
    remote.run(f"cd {folder}; setsid sh ./stream.sh >/dev/null 2>&1 </dev/null & echo $! >{folder}/pid")
    return not adopt


def _collected(remote: Remote, folder: str) -> Stream:
    """What it wrote, once nothing is left to send."""
    ended = f"timeout {_WAIT_SECONDS:.0f} sh -c 'while [ ! -e {ENDED} ]; do sleep 0.3; done'"
    answer = remote.run(f"cd {folder}; rm -f go; {ended}; cat {LOG}", timeout=_WAIT_SECONDS + 60)
    remote.run(["rm", "-rf", folder])
    return read_stream(answer.text)


@contextmanager
def _knocked(machine: Machine, watch: Watch) -> Iterator[None]:
    ae = machine.host.ae
    at = str(machine.host.address), ae.port if ae is not None else 0
    if not _answers(at):  # by day, too: only its peers are let in, and nobody can see from here when it is away
        yield
        return
    ended, missed = threading.Event(), [0.0]

    def knock() -> None:
        since: float | None = None
        while not ended.wait(_SECOND):
            if _answers(at):
                since = None
                continue
            since = since or time.monotonic()
            missed[0] = max(missed[0], time.monotonic() - since + _SECOND)

    thread = threading.Thread(target=knock, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        how = f"a connection to port {at[1]} each second"
        watch.outage = OutageSeen(seconds=round(missed[0], 1), seen_by="this machine", how=how)


def _answers(at: tuple[str, int]) -> bool:
    try:
        socket.create_connection(at, timeout=3).close()
    except OSError:
        return False
    return True
