"""What Orthanc says when it acted as the client of another AE, in the words that dcmtk's tools are read in. Pure."""

import json
import re

from builder.probes.dcmtk import Outcome

_CONNECTING = "connecting to AET"
_CONNECTION: tuple[tuple[str, Outcome], ...] = (
    ("Association Rejected", Outcome("rejected", "association rejected, no reason told")),
    ("Connection refused", Outcome("closed", "connection refused")),
    ("imeout", Outcome("timeout", "no answer to the connection attempt")),
    ("certificate verify failed", Outcome("untrusted", "the site CA vouches not for its certificate")),
    ("aborted", Outcome("ended", "connection ended by the peer before any association")),
)  # fmt: skip
_AT_THE_REQUEST = re.compile(r"C-\w+ to AET .*Peer aborted|Unable to read N-ACTION response")


def orthanc_outcome(status: int, content: bytes) -> Outcome:
    """The outcome of POST /modalities/{id}/…: HTTP 200, or the DICOM fault that Orthanc names in `Details`.

    A C-GET is answered with 200 even when the peer aborted it: there only what arrived tells.
    """
    if status == 200:
        return Outcome("success", "success")
    said = details(content)
    if _AT_THE_REQUEST.search(said):
        return Outcome("aborted", "association accepted, then aborted by the peer at the request")
    if _CONNECTING in said:
        for words, outcome in _CONNECTION:
            if words in said.partition(_CONNECTING)[2]:
                return outcome
    code = re.search(r"DIMSE status 0x([0-9A-Fa-f]{4})", said)
    if code:
        named = " (refused: not authorized)" if code[1] == "0124" else ""  # PS3.7, C.5.17
        return Outcome("status", f"status {code[1].upper()}H{named}")
    if re.search("presentation context", said, re.IGNORECASE):
        return Outcome("no context", "association accepted, presentation context refused")
    return Outcome("broken", f"Orthanc says {status} {said}".strip())


def details(content: bytes) -> str:
    """Orthanc's own words for what went wrong; empty when its answer has none."""
    try:
        said = json.loads(content)
        return str(said.get("Details") or said.get("Message") or "")
    except (ValueError, AttributeError):
        return ""
