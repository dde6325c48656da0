"""Read a machine: one SSH round trip, nothing written there."""

import secrets
import time

from builder.errors import Unreachable
from builder.models.fact import Fact
from builder.models.site import Host
from builder.survey.clock import Stamps
from builder.survey.facts import facts_from, questions
from builder.survey.remote import Remote
from builder.survey.script import began, script, stamped

_SECONDS = 240


def survey(remote: Remote, host: Host) -> dict[str, Fact]:
    """The facts of a host by name; one that could not be read says why. Raises Unreachable as `answer` does."""
    return facts_from(answer(remote, host), host)


def answer(remote: Remote, host: Host) -> str:
    """What the host says to all questions, word for word, as `facts_from` reads it and `survey --record` keeps it.

    Raises Unreachable when SSH fails, sudo refuses or the host does not answer within 4 minutes.
    """
    text = recorded(remote, host)
    if not began(text):
        why = " ".join(text.split())[-200:] or "no answer at all"
        raise Unreachable(
            f"{host.name}: the survey could not begin: {why}; check that {remote.connection.user} may use sudo "
            "without a password there"
        )
    return text


def recorded(remote: Remote, host: Host) -> str:
    """What the host says to all questions, word for word, and when it was asked, as `facts_from` reads it."""
    nonce = secrets.token_hex(8)
    asked = script(questions(host), nonce).encode()
    remote.run("true", timeout=_SECONDS)  # the time that SSH takes to connect would count as doubt of the host's clock
    sent = time.time()
    text = remote.run("sh -s", stdin=asked, sudo=True, timeout=_SECONDS).text
    return stamped(text, nonce, Stamps(sent, time.time())) if began(text) else text
