"""Put every question of the routes to the living site, and leave nothing behind."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from builder.errors import PacsmithError
from builder.inventory import Inventory
from builder.models.evidence import Evidence
from builder.models.site import Peer
from builder.probes.asks import Asker
from builder.probes.matrix_refused import CONTROLLER
from builder.probes.opening import StandInMaterial, clean, opened, seed
from builder.probes.orthanc import Orthanc
from builder.probes.question import Answer, Question, evidence_of, listener, same_process
from builder.probes.stage import Stage


def prove_routes(  # noqa: PLR0917 - what to ask, of whom, with what, and who listens
    stage: Stage,
    inventory: Inventory,
    questions: tuple[Question, ...],
    material: Callable[[Peer], StandInMaterial],
    on_evidence: Callable[[Evidence], None],
    be_quiet: Callable[[], object] = bool,
) -> tuple[tuple[Evidence, ...], bool]:
    """Ask all `questions`; evidence in their order, and whether every machine could be reached.

    `be_quiet` returns when nothing else loads the machines any more: only then is the transfer rate measured.
    """
    names = {name for question in questions for name in (question.origin, question.target)}
    hosts = frozenset(machine.host.name for machine in inventory.machines if machine.host.name in names)
    with opened(stage, inventory, hosts, frozenset(names - hosts - {CONTROLLER}), material):
        asker = Asker(stage, on_evidence)
        own = frozenset(question.about or question.target for question in questions)
        with _cleaned(stage, own, on_evidence) as told:
            before = {name: _process(archive) for name, archive in stage.archives.items()}
            found = asker.ask(question for question in questions if question.phase == "write")
            for archive in stage.archives.values():
                _quietly(partial(seed, stage, archive))
            found += asker.ask(question for question in questions if question.phase in ("read", "refuse"))
            be_quiet()
            for phase in ("rate", "restore"):
                found += asker.ask((question for question in questions if question.phase == phase), at_once=1)
            found += asker.close(_living(stage, before))
        found += told
    order = {question.subject: place for place, question in enumerate(questions)}
    return tuple(sorted(found, key=lambda item: order.get(item.subject, len(order)))), not asker.unreachable


@contextmanager
def _cleaned(stage: Stage, own: frozenset[str], on_evidence: Callable[[Evidence], None]) -> Iterator[list[Evidence]]:
    """Remove what earlier runs left on `own` machines (another archive may be under another run at this moment), and in
    any case what this one brings; the evidence of that is added at the end."""
    told: list[Evidence] = []
    for name, archive in stage.archives.items():
        if name in own:
            _quietly(partial(clean, archive))
            _quietly(archive.forget_worklists)
    try:
        yield told
    finally:
        for archive in stage.archives.values():
            evidence = _removal(stage, archive)
            told.append(evidence)
            on_evidence(evidence)


def _quietly(work: Callable[[], object]) -> None:
    """A silent archive is told by the questions themselves."""
    try:
        work()
    except PacsmithError:
        return


def _removal(stage: Stage, archive: Orthanc) -> Evidence:
    name = archive.host.name
    question = Question(
        subject=f"{name}: test studies removed", ask="clean", origin=name, target=name, kind="check",
        expected="every synthetic study of this run is gone, every other study is still there",
        source="pacsmith verify",
    )  # fmt: skip
    probe = f"Orthanc on {name}, by PatientID of this run"
    try:
        done = clean(archive, stage.run)
    except PacsmithError as fault:
        return evidence_of(question, Answer("unknown", f"not removed: {fault}", probe), stage.run)
    others = f"other studies: {done.others_before} before, {done.others_after} after"
    observed = f"{done.removed} removed, {done.left} left; {others}"
    met = done.left == 0 and done.others_after >= done.others_before
    return evidence_of(question, Answer("met" if met else "short", observed, probe), stage.run)


def _process(archive: Orthanc) -> str:
    try:
        return archive.process()
    except PacsmithError:
        return ""


def _living(stage: Stage, before: dict[str, str]) -> set[str]:
    """What each archive says of itself: which ports it listens on, and that Orthanc was not started again meanwhile."""
    alive: set[str] = set()
    for name, archive in stage.archives.items():
        try:
            alive |= {listener(name, port) for port in archive.listening_ports()}
        except PacsmithError:
            continue
        if before[name] not in ("", "0") and _process(archive) == before[name]:
            alive.add(same_process(name))
    return alive
