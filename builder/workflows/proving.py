"""Put every question of the routes to the living site, and leave nothing behind."""

from collections.abc import Callable
from functools import partial

from builder.errors import PacsmithError
from builder.inventory import Inventory
from builder.models.evidence import Evidence
from builder.models.site import Peer
from builder.probes.asks import Asker
from builder.probes.matrix_refused import CONTROLLER
from builder.probes.opening import StandInMaterial, opened, seed
from builder.probes.orthanc import Orthanc
from builder.probes.question import Question, listener, same_process
from builder.probes.stage import Stage
from builder.workflows.traces import cleaned, quietly


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
        with cleaned(stage, own, on_evidence) as told:
            before = {name: _process(archive) for name, archive in stage.archives.items()}
            found = asker.ask(question for question in questions if question.phase == "write")
            for archive in stage.archives.values():
                quietly(partial(seed, stage, archive))
            found += asker.ask(question for question in questions if question.phase in ("read", "refuse"))
            be_quiet()
            for phase in ("rate", "restore"):
                found += asker.ask((question for question in questions if question.phase == phase), at_once=1)
            found += asker.close(_living(stage, before))
        found += told
    order = {question.subject: place for place, question in enumerate(questions)}
    return tuple(sorted(found, key=lambda item: order.get(item.subject, len(order)))), not asker.unreachable


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
