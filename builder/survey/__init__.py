"""Reading a machine: questions (one command each), one script, pure parsers, facts."""

from typing import TYPE_CHECKING

from builder.doors import door

if TYPE_CHECKING:
    from builder.survey.facts import facts_from, facts_of_tools
    from builder.survey.reading import answer, survey
    from builder.survey.recorded import recorded_answer, recorded_machines, recording_of
    from builder.survey.standing_in import stand_in

__all__ = [
    "answer",
    "facts_from",
    "facts_of_tools",
    "recorded_answer",
    "recorded_machines",
    "recording_of",
    "stand_in",
    "survey",
]

if not TYPE_CHECKING:
    __getattr__ = door(
        __name__,
        {
            "answer": "reading",
            "facts_from": "facts",
            "facts_of_tools": "facts",
            "recorded_answer": "recorded",
            "recorded_machines": "recorded",
            "recording_of": "recorded",
            "stand_in": "standing_in",
            "survey": "reading",
        },
    )
