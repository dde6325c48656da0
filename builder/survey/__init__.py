"""Reading a machine: questions (one command each), one script, pure parsers, facts."""

from builder.survey.facts import facts_from, facts_of_tools
from builder.survey.reading import answer, survey
from builder.survey.recorded import recorded_answer, recorded_machines, recording_of
from builder.survey.standing_in import stand_in

__all__ = ["answer", "facts_from", "facts_of_tools", "recorded_answer", "recorded_machines", "recording_of", "stand_in",
           "survey"]  # fmt: skip
