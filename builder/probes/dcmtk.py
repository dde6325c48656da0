"""dcmtk's tools as argument lists, and what their output says. Pure: nothing here runs anything.

The exit codes of dcmtk say little (findscu, movescu and getscu end with 0 when the peer aborts), so the text decides.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

TOOLS = ("echoscu", "storescu", "storescp", "findscu", "movescu", "getscu")

Kind = Literal[
    "success", "rejected", "aborted", "status", "no context", "ended", "untrusted", "closed", "timeout", "broken"
]


@dataclass(frozen=True)
class TlsFiles:
    """Paths on the machine that runs the tool. Without a key the client shows no certificate."""

    ca: str
    key: str | None = None
    certificate: str | None = None

    def options(self) -> list[str]:
        """dcmtk's options: mutual TLS, or TLS without a client certificate."""
        if self.key is None or self.certificate is None:
            return ["+tla", "+cf", self.ca]
        return ["+tls", self.key, self.certificate, "+cf", self.ca]


@dataclass(frozen=True)
class Way:
    """From which AE title to which AE."""

    calling: str
    called: str
    address: str
    port: int
    tls: TlsFiles | None = None


@dataclass(frozen=True)
class Outcome:
    """What a tool met with.

    `rejected`, `aborted`, `status` and `no context` came from a living DICOM peer. `ended`: the peer hung up before any
    association. `untrusted`: our side refused the peer's certificate. `broken`: the tool could not do its work.
    """

    kind: Kind
    detail: str

    @property
    def answered(self) -> bool:
        """True when a DICOM peer spoke; then it is alive, whatever it said."""
        return self.kind in ("success", "rejected", "aborted", "status", "no context")

    def __str__(self) -> str:
        return self.detail


def scu(tool: str, way: Way, options: Sequence[str] = (), files: Sequence[str] = ()) -> list[str]:
    """A dcmtk client's arguments. Time limits in seconds: 3 to connect, 10 for the association, 30 for an answer."""
    return [
        tool, "-v", "-to", "3", "-ta", "10", "-td", "30", "-aet", way.calling, "-aec", way.called,
        *(way.tls.options() if way.tls else ()), *options, way.address, str(way.port), *files,
    ]  # fmt: skip


def keys(pairs: Sequence[str]) -> list[str]:
    """`-k` before each query key, as `PatientID=X`."""
    return [word for pair in pairs for word in ("-k", pair)]


_ACCEPTED = "Association Accepted"
_REJECTED = re.compile(r"Association Rejected:.*?Reason: ([^\n]+)", re.DOTALL)
_STATUS = re.compile(
    r"(?:Response|error status|DIMSE status is:?)[^\n(]*(?:\[Status: |\(|: )((?:Failed|Refused|Error)[^)\]\n]*)"
)
_SUCCESS = re.compile(r"Received (?:Final )?(?:\w[\w-]* )?Response \(Success\)|Received C-GET Response \(Success\)")


def read_outcome(code: int, text: str) -> Outcome:
    """What `text`, the verbose output of an echo-, store-, find-, move- or getscu that ended with `code`, says."""
    rejected = _REJECTED.search(text)
    if rejected:
        return Outcome("rejected", f"association rejected: {rejected[1].strip()}")
    if "DUL Association Rejected" in text:  # getscu keeps the reason to itself
        return Outcome("rejected", "association rejected, no reason told")
    if code in (126, 127) or "unrecognized" in text or "Unknown option" in text:
        return Outcome("broken", f"the tool did not run (exit {code}): {_last(text)}")
    if _ACCEPTED in text:
        return _after_association(code, text)
    return _without_association(code, text)


def _after_association(code: int, text: str) -> Outcome:
    status = _STATUS.search(text)
    if status:
        return Outcome("status", f"status {status[1].strip()}")
    if re.search("no (acceptable |valid )?presentation context", text, re.IGNORECASE):
        return Outcome("no context", "association accepted, presentation context refused")
    if re.search("peer aborted|connection reset by peer|broken pipe", text, re.IGNORECASE):
        return Outcome("aborted", "association accepted, then aborted by the peer at the request")
    if code == 0 and _SUCCESS.search(text):
        return Outcome("success", "success")
    return Outcome("broken", f"association accepted, then: {_last(text)} (exit {code})")


def _without_association(code: int, text: str) -> Outcome:
    if re.search("no (acceptable |valid )?presentation context", text, re.IGNORECASE):
        return Outcome("no context", "no presentation context accepted")
    if "Connection refused" in text:
        return Outcome("closed", "connection refused")
    if "(Timeout)" in text or "timed out" in text or code == 124:
        return Outcome("timeout", "no answer to the connection attempt")
    if "certificate verify failed" in text:
        return Outcome("untrusted", "the peer's certificate is not one that the site CA vouches for")
    if re.search("peer aborted|connection reset by peer|broken pipe|TLS error: .*alert", text, re.IGNORECASE):
        return Outcome("ended", "connection ended by the peer before any association")
    return Outcome("broken", f"the tool failed (exit {code}): {_last(text)}")


def _last(text: str) -> str:
    """The last line that says something, without dcmtk's severity letter."""
    lines = [re.sub(r"^[FEWID]: ", "", line).strip() for line in text.splitlines()]
    said = [line for line in lines if line and not line.startswith(("Releasing", "Aborting", "Peer Aborted"))]
    return said[-1][:200] if said else "it said nothing"


def stored(text: str) -> int:
    """How many C-STORE responses with success a storescu's output holds."""
    return text.count("Received Store Response (Success)")
