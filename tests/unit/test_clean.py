"""What is removed from an archive: the studies of a run, or of every run that is not at work, and nothing else."""

import threading
from dataclasses import dataclass, field
from typing import cast

import pytest

from builder.probes.opening import Removal, clean
from builder.probes.orthanc import Orthanc
from builder.probes.samples import patient_id


@dataclass
class Shelf:
    """As much of an archive as a removal asks for: synthetic studies by identifier, among `total` studies."""

    kept: dict[str, str]
    total: int
    lock: threading.Lock = field(default_factory=threading.Lock)

    def studies(self) -> dict[str, str]:
        return dict(self.kept)

    def count(self) -> int:
        return self.total

    def remove(self, studies: list[str]) -> None:
        self.total -= len(studies)
        for study in studies:
            del self.kept[study]


@pytest.mark.parametrize(
    ("run", "spare", "left"),
    [
        ("mine", frozenset(), {"b", "c"}),
        (None, frozenset({"mine", "other"}), {"a", "b"}),
        (None, frozenset(), set()),
    ],
)
def test_a_run_at_work_keeps_its_studies(run: str | None, spare: frozenset[str], left: set[str]) -> None:
    studies = {"a": patient_id("mine"), "b": patient_id("other"), "c": patient_id("ended")}
    shelf = Shelf(studies, 10)
    gone = 3 - len(left)
    others = 10 - 3
    assert clean(cast(Orthanc, shelf), run, spare) == Removal(gone, 0, others, others)
    assert shelf.kept.keys() == left
