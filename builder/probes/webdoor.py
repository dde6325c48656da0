"""The web door shut: wrong or no password, no right, wrong address, no TLS."""

from builder.models.archive import WebUser
from builder.models.evidence import Verdict
from builder.models.site import WEB_OPERATIONS, Host, WebOperation
from builder.probes.curl import Reply, Request
from builder.probes.question import Answer, Question, path, web_service
from builder.probes.samples import patient_id
from builder.probes.stage import Stage, StageError
from builder.probes.web import ROOT, request, send, signs, stow_request, user_for


def refuse_operation(stage: Stage, question: Question) -> Answer:
    """An operation that no route grants to this address, as a user who would have the right elsewhere: 403."""
    host = stage.archive(question.target).host
    operation = _web(question.detail)
    try:
        user = user_for(host, operation)
    except StageError:
        user = _users(host)[0]  # nobody has the right at all: then anybody must be refused
    reply = send(stage, question, operation_request(stage, question, operation, user))
    return refused(question, reply, 403, f"as {user.name}: {reply}")


def operation_request(stage: Stage, question: Question, operation: WebOperation, user: WebUser | None) -> Request:
    """A request of the kind `operation` that would succeed with the right."""
    if operation == "stow":
        return stow_request(stage, question, user)
    patient = patient_id(stage.run)
    if operation == "qido":
        return request(stage, question, f"{ROOT}/studies?PatientID={patient}", user=user)
    return request(stage, question, f"{ROOT}/studies/{stage.plain(question.target).study}/metadata", user=user)


def refused(question: Question, reply: Reply, wanted: int, observed: str) -> Answer:
    """Met by exactly the wanted status; short when something was given; unknown when there was no answer or another."""
    verdict: Verdict = "met" if reply.status == wanted else "short" if 200 <= reply.status < 400 else "unknown"
    return Answer(
        verdict=verdict,
        observed=observed if verdict != "unknown" else f"{observed}; this is not the refusal that was expected",
        probe=f"curl --cacert on {question.origin}",
        raw=reply.body,
        seconds=reply.seconds,
        proves=signs(question, reply),
    )


def door(stage: Stage, question: Question) -> Answer:
    """No password, a wrong one, and plain HTTP to the port that speaks TLS."""
    host = stage.archive(question.target).host
    granted = [word for route in stage.site.routes
               if (route.from_, route.to) == (question.origin, question.target) for word in route.may]  # fmt: skip
    operation = next(word for word in WEB_OPERATIONS if word in granted)
    where = f"{ROOT}/studies?PatientID={patient_id(stage.run)}"
    if question.detail == "plain HTTP":
        return _plain(stage, question, where)
    user = None if question.detail == "no password" else user_for(host, operation)
    if operation == "stow":
        wanted = stow_request(stage, question, user, password="pacsmith-wrong-password")
    else:
        wanted = request(stage, question, where, user=user, password="pacsmith-wrong-password")
    reply = send(stage, question, wanted)
    return refused(question, reply, 401, str(reply))


def _plain(stage: Stage, question: Question, where: str) -> Answer:
    reply = send(stage, question, request(stage, question, where, user=None, scheme="http"))
    # nginx answers plain HTTP on a TLS port with 400 or closes it; a redirect or an answer would be a way in.
    ended = not reply.answered and reply.connected
    verdict: Verdict = "met" if reply.status == 400 or ended else "short" if reply.answered else "unknown"
    return Answer(
        verdict=verdict,
        observed=str(reply),
        probe=f"curl on {question.origin}",
        raw=reply.body,
        seconds=reply.seconds,
        needs=frozenset({web_service(question.target), path(question.origin, question.target)}),
    )


def user_rights(stage: Stage, question: Question) -> Answer:
    """Every web operation that the route grants to this address, as one user: done with the right, 403 without it."""
    host = stage.archive(question.target).host
    user = next(found for found in _users(host) if found.name == question.detail)
    granted = [word for route in stage.site.routes
               if (route.from_, route.to) == (question.origin, question.target) for word in route.may]  # fmt: skip
    told, faults, replies = [], [], []
    for operation in (word for word in WEB_OPERATIONS if word in granted):
        reply = send(stage, question, operation_request(stage, question, operation, user))
        replies.append(reply)
        allowed = operation in user.may
        told.append(f"{operation} {reply}")
        if (reply.status in (200, 204)) != allowed or (not allowed and reply.status != 403):
            faults.append(f"{operation}: {reply}")
    given = any(200 <= reply.status < 400 for reply in replies)
    silent = any(not reply.answered for reply in replies)
    return Answer(
        verdict="met" if not faults else "unknown" if silent and not given else "short",
        observed=", ".join(told),
        probe=f"curl --cacert on {question.origin}",
        raw=b"".join(reply.body for reply in replies),
        seconds=sum(reply.seconds for reply in replies),
        proves=signs(question, *replies),
    )


def _users(host: Host) -> tuple[WebUser, ...]:
    assert host.archive is not None
    return host.archive.users


def _web(word: str) -> WebOperation:
    return next(operation for operation in WEB_OPERATIONS if operation == word)
