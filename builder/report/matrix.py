"""Ways by operations: what is granted and proven, what is not granted and refused. Pure."""

import re
from collections.abc import Sequence

from builder.inventory.registry import grants
from builder.models.dossier import Cell, MatrixRow, Proof
from builder.models.evidence import Verdict
from builder.models.site import DICOM_OPERATIONS, WEB_OPERATIONS, Operation, Site

_OPERATIONS: tuple[Operation, ...] = (*DICOM_OPERATIONS, *WEB_OPERATIONS)
# 'ct01 -> archive01: store', or 'ct01 -> archive01: find refused'; whatever else follows is no cell of the matrix.
_SUBJECT = re.compile(rf"(\S+) -> (\S+): ({'|'.join(_OPERATIONS)})(?: (?:is )?refused)?")
_WORST: tuple[Verdict, ...] = ("short", "unknown", "waived", "met", "not applicable")

Key = tuple[str, str, str]


def way_of(subject: str) -> Key | None:
    """(source, target, operation) of a route's subject; None when it speaks of something else."""
    match = _SUBJECT.fullmatch(subject)
    return None if match is None else (match[1], match[2], match[3])


def matrix_of(site: Site, proofs: Sequence[Proof]) -> tuple[MatrixRow, ...]:
    """A row for each way that is granted or was tried; the columns are the operations that occur."""
    granted = {(grant.source.name, grant.target.name): set(grant.may) for grant in grants(site)}
    tried: dict[Key, Proof] = {}
    for proof in proofs:
        key = way_of(proof.evidence.subject) if proof.evidence.kind == "route" else None
        if key is not None and (key not in tried or _worse(proof, tried[key])):
            tried[key] = proof
    used = {operation for may in granted.values() for operation in may} | {key[2] for key in tried}
    columns = [operation for operation in _OPERATIONS if operation in used]
    ways = [*granted, *dict.fromkeys(key[:2] for key in tried if key[:2] not in granted)]
    return tuple(
        MatrixRow(
            source=source,
            target=target,
            cells=tuple(
                _cell(operation, operation in granted.get((source, target), ()), tried.get((source, target, operation)))
                for operation in columns
            ),
        )
        for source, target in ways
    )


def _worse(proof: Proof, other: Proof) -> bool:
    return _WORST.index(proof.evidence.verdict) < _WORST.index(other.evidence.verdict)


def _cell(operation: Operation, granted: bool, proof: Proof | None) -> Cell:
    if proof is None:
        # Granted and not tried is not proven: never blank, never met.
        return Cell(operation=operation, granted=granted, verdict="unknown" if granted else None)
    return Cell(operation=operation, granted=granted, verdict=proof.evidence.verdict, proof=proof.number)
