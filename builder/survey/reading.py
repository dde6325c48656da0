"""Read a machine: one SSH round trip, nothing written there."""

import math
import secrets
import time
from collections.abc import Iterable

from builder.errors import Unreachable
from builder.models.fact import Fact
from builder.models.site import Host
from builder.survey.clock import FIRST, LAST, Offset, Stamps, offset
from builder.survey.facts import Archives, facts_from, questions
from builder.survey.question import Question, UnreadableError
from builder.survey.remote import Remote
from builder.survey.script import began, replies, script, stamped, stamps_of

_SECONDS = 240
_FINE = 0.2  # seconds of doubt; a clock may be 1 s off (IHE ITI TF-1, section 7)
_SURE = 0.8  # seconds; a clock that is surely no further off is within that second, however coarsely it was asked
_TRIES = 5


def survey(remote: Remote, host: Host, archives: Archives = ()) -> dict[str, Fact]:
    """The facts of a host by name; one that could not be read says why. Raises Unreachable as `answer` does."""
    return facts_from(answer(remote, host, archives), host, archives)


def answer(remote: Remote, host: Host, archives: Archives = ()) -> str:
    """What the host says to all questions, word for word, as `facts_from` reads it and `survey --record` keeps it.

    Raises Unreachable when SSH fails, sudo refuses or the host does not answer within 4 minutes.
    """
    text = recorded(remote, host, archives)
    if not began(text):
        why = " ".join(text.split())[-200:] or "no answer at all"
        raise Unreachable(
            f"{host.name}: the survey could not begin: {why}; check that {remote.connection.user} may use sudo "
            "without a password there"
        )
    return text


def recorded(remote: Remote, host: Host, archives: Archives = ()) -> str:
    """What the host says to all questions, word for word, and when it was asked, as `facts_from` reads it.

    On busy machines, and where SSH takes long to connect, a round trip says little of the clock. Where that leaves open
    whether it is right, the clock alone is asked again, and the shortest of the round trips counts, as in NTP's clock
    filter (RFC 5905, section 10).
    """
    nonce = secrets.token_hex(8)
    text = _asked(remote, questions(host, archives), nonce)
    known = _offset(text)
    for _ in range(_TRIES if began(text) else 0):
        if known.uncertainty <= _FINE or abs(known.seconds) + known.uncertainty <= _SURE:
            break
        again = _asked(remote, (FIRST, LAST), nonce)
        fresh = _offset(again)
        if fresh.uncertainty < known.uncertainty:
            known = fresh
            text += again  # of two answers to one question the last one counts
    return text


def _asked(remote: Remote, asked: Iterable[Question], nonce: str) -> str:
    sent = time.time()
    text = remote.run("sh -s", stdin=script(asked, nonce).encode(), sudo=True, timeout=_SECONDS).text
    return stamped(text, nonce, Stamps(sent, time.time())) if began(text) else text


def _offset(text: str) -> Offset:
    """What an answer says of the host's clock: anything at all, where it says nothing."""
    try:
        return offset(replies(text), stamps_of(text))
    except UnreadableError:
        return Offset(0.0, math.inf)
