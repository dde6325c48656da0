"""Storage commitment (PS3.4, annex J): the archive vouches for an image that it holds, and for no other."""

import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydicom import Dataset
from pydicom.uid import CTImageStorage, generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, StorageCommitmentPushModelInstance  # type: ignore[attr-defined]

from builder.models.evidence import Verdict
from builder.probes.association import associated, status_outcome, tls_context, why_not
from builder.probes.dcmtk import Outcome
from builder.probes.question import Answer, Question
from builder.probes.relay import incoming
from builder.probes.samples import Sample
from builder.probes.stage import Stage, refused_answer, signs_of_life

_REPORT_SECONDS = 20.0
_NOT_HELD = 0x0112  # no such object instance (PS3.3, C.14.1.1)


@dataclass
class Report:
    """What came back. `reported_by` is the AE title that delivered the report."""

    outcome: Outcome
    safe: frozenset[str] = frozenset()
    failed: Mapping[str, int] = field(default_factory=dict)
    transaction_equal: bool = False
    reported_by: str | None = None
    seconds: float = 0.0


def commit(stage: Stage, question: Question) -> Answer:
    """N-ACTION for an image that the archive holds and one that never was; the N-EVENT-REPORT must tell them apart."""
    sample, missing = stage.plain(question.target), generate_uid()
    report = _ask_once(stage, question.origin, question.target, sample, missing)
    faults = report_faults(report, sample.instance)
    verdict: Verdict = "met" if not faults else "unknown" if report.outcome.kind == "broken" else "short"
    return Answer(
        verdict=verdict,
        observed="; ".join(faults)
        or "the stored image reported as safe, the other as failed (0112H, no such instance)",
        probe=f"pynetdicom N-ACTION from {question.origin}",
        raw=repr(report).encode(),
        seconds=report.seconds,
        proves=signs_of_life(question, report.outcome),
    )


def send_commit(stage: Stage, question: Question) -> Answer:
    """The same exchange, seen from the peer: did the archive itself connect and deliver its report?"""
    sample = stage.plain(question.origin)
    report = _ask_once(stage, question.target, question.origin, sample, generate_uid())
    title = stage.archive(question.origin).entity.title
    met = report.reported_by == title
    observed = (
        f"{report.reported_by} delivered its report" if report.reported_by else f"no report came ({report.outcome})"
    )
    return Answer(
        verdict="met" if met else "unknown" if report.outcome.kind == "broken" else "short",
        observed=observed,
        probe=f"pynetdicom listener at {question.target}",
        raw=repr(report).encode(),
        seconds=report.seconds,
    )


def refuse_commit(stage: Stage, question: Question) -> Answer:
    """N-ACTION from an AE that no route grants it."""
    player = stage.player(question.origin)
    began = time.monotonic()
    data = _request(stage.samples[question.origin][0].instance, generate_uid(), generate_uid())
    outcome = _n_action(stage, question.origin, question.target, data)
    seconds = time.monotonic() - began
    probe = f"pynetdicom N-ACTION from {player.name}"
    return refused_answer(question, outcome, repr(outcome).encode(), probe, seconds)


def report_faults(report: Report, held: str) -> list[str]:
    """What is wrong with a report on one held and one unknown instance."""
    if report.outcome.kind != "success":
        return [f"N-ACTION: {report.outcome}"]
    if report.reported_by is None:
        return [f"no N-EVENT-REPORT within {_REPORT_SECONDS:.0f} s"]
    faults = []
    if not report.transaction_equal:
        faults.append("the report carries another transaction UID")
    if report.safe != {held}:
        faults.append(f"{len(report.safe)} instances reported as safe, not the one that is held")
    if list(report.failed.values()) != [_NOT_HELD] or held in report.failed:
        faults.append("the instance that never was is not reported as failed with 0112H")
    return faults


def _ask_once(stage: Stage, origin: str, target: str, sample: Sample, missing: str) -> Report:
    """Both questions about one pair share one exchange."""
    return stage.once(f"commitment {origin} {target}", lambda: _exchange(stage, origin, target, sample, missing))


def _exchange(stage: Stage, origin: str, target: str, sample: Sample, missing: str) -> Report:
    player, transaction, began = stage.player(origin), generate_uid(), time.monotonic()
    entity = player.end.ae
    assert entity is not None
    heard, arrived = Report(Outcome("broken", "nothing was asked")), threading.Event()

    def hear(event: evt.Event) -> tuple[int, None]:
        _note(heard, event.event_information, transaction)
        heard.reported_by = str(event.assoc.requestor.ae_title).strip()
        arrived.set()
        return 0x0000, None

    with player.port_held:
        context = tls_context(player, ssl.Purpose.CLIENT_AUTH) if entity.tls else None
        listener = AE(ae_title=player.title)
        listener.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
        server = listener.start_server(
            ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, hear)], ssl_context=context
        )
        assert server is not None
        assert server.socket is not None
        try:
            with incoming(player, entity.port, server.socket.getsockname()[1]):
                data = _request(sample.instance, missing, transaction, sample.sop_class)
                heard.outcome = _n_action(stage, origin, target, data)
                if heard.outcome.kind == "success":
                    arrived.wait(_REPORT_SECONDS)
        finally:
            server.shutdown()
    heard.seconds = time.monotonic() - began
    return heard


def _request(held: str, missing: str, transaction: str, sop_class: str = CTImageStorage) -> Dataset:
    data = Dataset()
    data.TransactionUID = transaction
    data.ReferencedSOPSequence = [_reference(sop_class, held), _reference(CTImageStorage, missing)]
    return data


def _reference(sop_class: str, instance: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
    return item


def _note(report: Report, information: Dataset, transaction: str) -> None:
    report.safe = frozenset(
        str(item.ReferencedSOPInstanceUID) for item in information.get("ReferencedSOPSequence") or []
    )
    report.failed = {
        str(item.ReferencedSOPInstanceUID): int(item.FailureReason)
        for item in information.get("FailedSOPSequence") or []
    }
    report.transaction_equal = information.get("TransactionUID") == transaction


def _n_action(stage: Stage, origin: str, target: str, data: Dataset) -> Outcome:
    with associated(stage, origin, target, StorageCommitmentPushModel) as association:
        if not association.is_established:
            return why_not(association)
        status, _ = association.send_n_action(data, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
    return status_outcome(status)
