"""Reading a machine: questions (one command each), one script, pure parsers, facts."""

from builder.survey.facts import facts_from
from builder.survey.reading import survey

__all__ = ["facts_from", "survey"]
