"""Requirement x facts -> finding. Pure: nothing here reads a machine, a file or the clock."""

from typing import TYPE_CHECKING

from builder.doors import door

if TYPE_CHECKING:
    from builder.assess.applies import sheets_for, uses_of
    from builder.assess.assessment import assess
    from builder.assess.proof import evidence_of
    from builder.assess.workload import declared_facts

__all__ = ["assess", "declared_facts", "evidence_of", "sheets_for", "uses_of"]

if not TYPE_CHECKING:
    __getattr__ = door(
        __name__,
        {
            "assess": "assessment",
            "declared_facts": "workload",
            "evidence_of": "proof",
            "sheets_for": "applies",
            "uses_of": "applies",
        },
    )
