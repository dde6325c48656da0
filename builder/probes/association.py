"""Associations by pynetdicom from a stand-in's address, where dcmtk has no tool: commitment, C-MOVE over TLS."""

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydicom import Dataset
from pynetdicom import AE
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StudyRootQueryRetrieveInformationModelMove as StudyRootMove,
)

from builder.probes.dcmtk import Outcome
from builder.probes.playing import Player
from builder.probes.question import Question
from builder.probes.relay import outgoing
from builder.probes.stage import Stage

_ABORTED = Outcome("aborted", "association accepted, then aborted by the peer at the request")
_SECONDS = 15.0


@contextmanager
def associated(stage: Stage, origin: str, target: str, sop_class: str) -> Iterator[Any]:
    """An association of stand-in `origin` with archive `target`, established or not; released at the end."""
    player, archive = stage.player(origin), stage.archive(target)
    asker = AE(ae_title=player.title)
    asker.acse_timeout = asker.dimse_timeout = _SECONDS
    asker.add_requested_context(sop_class)
    with outgoing(player, str(archive.host.address), archive.entity.port) as port:
        tls = (tls_context(player, ssl.Purpose.SERVER_AUTH), stage.fqdn(target)) if archive.entity.tls else None
        association = asker.associate("127.0.0.1", port, ae_title=archive.entity.title, tls_args=tls)
        try:
            yield association
        finally:
            if association.is_established:
                association.release()


def why_not(association: Any) -> Outcome:
    """Why an association was not established."""
    if association.is_rejected:
        primitive = association.acceptor.primitive
        return Outcome("rejected", f"association rejected: {primitive.reason_str if primitive else 'no reason given'}")
    if association.acceptor.primitive is not None:
        return Outcome("no context", "association accepted, presentation context refused")
    return Outcome("broken", "no association, and no word why")


def status_outcome(status: Dataset) -> Outcome:
    """What a response's status says; none at all means that the peer aborted."""
    if "Status" not in status:
        return _ABORTED
    code = int(status.Status)
    if code == 0x0000:
        return Outcome("success", "success")
    named = " (refused: not authorized)" if code == 0x0124 else ""  # PS3.7, C.5.17
    return Outcome("status", f"status {code:04X}H{named}")


def move_studies(stage: Stage, question: Question, studies: list[str]) -> Outcome:
    """C-MOVE of each study to the mover's own AE, one association for all; the first that fails decides."""
    title = stage.player(question.origin).title
    with associated(stage, question.origin, question.target, StudyRootMove) as association:
        if not association.is_established:
            return why_not(association)
        for study in studies:
            wanted = Dataset()
            wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", study
            status = [status for status, _ in association.send_c_move(wanted, title, StudyRootMove)][-1]
            outcome = status_outcome(status)
            if outcome.kind != "success":
                return outcome
    return Outcome("success", "success")


def tls_context(player: Player, purpose: ssl.Purpose) -> ssl.SSLContext:
    """TLS with the stand-in's own certificate, trusting the site CA alone. Python reads keys from files only."""
    with tempfile.TemporaryDirectory(prefix="pacsmith-") as name:
        folder = Path(name)
        for file, content in player.tls_material.items():
            (folder / file).touch(mode=0o600)
            (folder / file).write_bytes(content)
        context = ssl.create_default_context(purpose, cafile=str(folder / "ca.pem"))
        context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
