"""Read a machine: one SSH round trip, nothing written there."""

import secrets

from builder.errors import Unreachable
from builder.models.fact import Fact
from builder.models.site import Host
from builder.survey.facts import facts_from, questions
from builder.survey.remote import Remote
from builder.survey.script import began, script

_SECONDS = 240


def survey(remote: Remote, host: Host) -> dict[str, Fact]:
    """The facts of a host by name; one that could not be read says why.

    Raises Unreachable when SSH fails, sudo refuses or the host does not answer within 4 minutes.
    """
    text = recorded(remote, host)
    if not began(text):
        why = " ".join(text.split())[-200:] or "no answer at all"
        raise Unreachable(
            f"{host.name}: the survey could not begin: {why}; check that {remote.connection.user} may use sudo "
            "without a password there"
        )
    return facts_from(text, host)


def recorded(remote: Remote, host: Host) -> str:
    """What the host says to all questions, word for word, as `facts_from` reads it."""
    asked = script(questions(host), secrets.token_hex(8))
    return remote.run("sh -s", stdin=asked.encode(), sudo=True, timeout=_SECONDS).text
