"""Reading a machine: questions (one command each), one script, pure parsers, facts."""

from builder.survey.facts import facts_from
from builder.survey.reading import answer, survey
from builder.survey.recorded import recorded_answer

__all__ = ["answer", "facts_from", "recorded_answer", "survey"]
