"""Leave nothing behind on an archive: exactly the synthetic studies of a run go, and that is proven."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from builder.errors import PacsmithError
from builder.models.evidence import Evidence
from builder.probes.opening import clean
from builder.probes.orthanc import Orthanc
from builder.probes.pattern import Pattern
from builder.probes.question import Answer, Question, evidence_of
from builder.probes.stage import Stage


@contextmanager
def cleaned(
    stage: Stage, own: frozenset[str], on_evidence: Callable[[Evidence], None], what: str = "test studies"
) -> Iterator[list[Evidence]]:
    """Remove what earlier runs left on `own` machines, and in any case what this one brings; the evidence of that,
    called by `what` was removed, is added at the end. A run that is at work now, as on a station that fetches from an
    archive of `own`, keeps its studies."""
    told: list[Evidence] = []
    at_work = stage.at_work()
    for name, archive in stage.archives.items():
        if name in own:
            quietly(partial(clean, archive, spare=at_work))
            quietly(archive.forget_worklists)
    try:
        yield told
    finally:
        for archive in stage.archives.values():
            evidence = _removal(stage, archive, what)
            told.append(evidence)
            on_evidence(evidence)


@contextmanager
def for_one_station(archive: Orthanc) -> Iterator[Callable[..., tuple[Pattern, ...]]]:
    """What puts patterns into the archive. They leave it when the block ends, so that it never holds those of all
    stations; what cannot be removed then is left to `cleaned`."""
    brought: set[str] = set()

    def put(*patterns: Pattern) -> tuple[Pattern, ...]:
        brought.update(pattern.sample.study for pattern in patterns)
        archive.put_all([pattern.sample.content for pattern in patterns])
        return patterns

    try:
        yield put
    finally:
        quietly(partial(archive.withdraw, brought))


def quietly(work: Callable[[], object]) -> None:
    """Do what a silent archive may refuse: that is told by the questions themselves."""
    try:
        work()
    except PacsmithError:
        return


def _removal(stage: Stage, archive: Orthanc, what: str) -> Evidence:
    name = archive.host.name
    question = Question(
        subject=f"{name}: {what} removed", ask="clean", origin=name, target=name, kind="check",
        expected="every synthetic study of this run is gone, every other study is still there",
        source="pacsmith verify",
    )  # fmt: skip
    probe = f"Orthanc on {name}, by PatientID of this run"
    try:
        done = clean(archive, stage.run)
    except PacsmithError as fault:
        return evidence_of(question, Answer("unknown", f"not removed: {fault}", probe), stage.run)
    others = f"other studies: {done.others_before} before, {done.others_after} after"
    observed = f"{done.removed + archive.withdrawn} removed, {done.left} left; {others}"
    met = done.left == 0 and done.others_after >= done.others_before
    return evidence_of(question, Answer("met" if met else "short", observed, probe), stage.run)
