"""Orthanc's REST interface through the web door, asked from this machine: for administrators, at their addresses."""

import ipaddress
import socket
import ssl

import httpx

from builder.inventory.registry import grants
from builder.models.evidence import Verdict
from builder.probes.question import Answer, Question, path, web_service
from builder.probes.stage import Stage

_REST = "/orthanc/system"
_PROBE = "httpx from the controller"


def own_address(towards: str) -> str:
    """This machine's address on the way to `towards`; no packet is sent. Raises OSError without a route."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.connect((towards, 9))
        address: str = line.getsockname()[0]
        return address


def rest(stage: Stage, question: Question) -> Answer:
    """REST as one web user: 200 with the right `rest`, 403 without it."""
    return _asked(stage, question, _REST, granted="rest")


def no_dicomweb(stage: Stage, question: Question) -> Answer:
    """DICOMweb from an administrator's address that no route names: 403 for everybody."""
    return _asked(stage, question, "/dicom-web/studies?PatientID=PACSMITH_NOBODY", granted="")


def no_viewer(stage: Stage, question: Question) -> Answer:
    """The web viewer's page from an address that no web route names: 403."""
    address = str(stage.archive(question.target).host.address)
    mine = own_address(address)
    if mine in {str(one.source.address) for one in grants(stage.site, to=question.target) if one.web}:
        return Answer("not applicable", f"asked from {mine}, to which a web route leads", _PROBE)
    return _asked(stage, question, "/index.html", granted="")


def _asked(stage: Stage, question: Question, where: str, *, granted: str) -> Answer:
    host = stage.archive(question.target).host
    assert host.archive is not None
    mine = own_address(str(host.address))
    if not any(ipaddress.ip_address(mine) in network for network in stage.site.access.administration):
        return Answer("not applicable", f"asked from {mine}, which is no address of administration", _PROBE)
    user = next((user for user in host.archive.users if user.name == question.detail), None)
    may = user is not None and granted in user.may
    name, address = stage.fqdn(host.name), f"{host.address}:{host.archive.web_port}"
    context = ssl.create_default_context(cadata=stage.ca_pem)
    with httpx.Client(verify=context, trust_env=False, timeout=httpx.Timeout(10, connect=3)) as client:
        try:
            reply = client.get(
                f"https://{address}{where}",
                auth=(user.name, stage.secret(user.password).get_secret_value()) if user else None,
                headers={"Host": name},
                extensions={"sni_hostname": name},
            )
        except httpx.HTTPError as fault:
            return Answer("short" if may else "unknown", f"no answer: {fault}", _PROBE)
    return Answer(
        verdict=_verdict(reply.status_code, allowed=may),
        observed=f"HTTP {reply.status_code}",
        probe=_PROBE,
        raw=reply.content,
        seconds=reply.elapsed.total_seconds(),
        proves=frozenset({web_service(host.name), path(question.origin, host.name)}),
    )


def _verdict(status: int, *, allowed: bool) -> Verdict:
    if allowed:
        return "met" if status == 200 else "short"
    return "met" if status == 403 else "short" if 200 <= status < 400 else "unknown"
