"""curl on a stand-in: its settings go in on standard input, so that no password stands in an argument list. Pure."""

import re
from dataclasses import dataclass, field

_WRITE_OUT = "%{stderr}\\npacsmith %{http_code} %{exitcode} %{time_connect} [%{content_type}] %{errormsg}\\n"
_REPORT = re.compile(r"^pacsmith (\d{3}) (\d+) ([0-9.,]+) \[([^\]]*)\] ?(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Request:
    """One HTTP request. `body` names a file in the stand-in's private folder. `with_head`: the answer's head comes
    before its body."""

    url: str
    address: str
    port: int
    name: str
    method: str = "GET"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    headers: tuple[str, ...] = ()
    body: str | None = None
    ca: str | None = None
    with_head: bool = False

    def settings(self) -> str:
        """curl's configuration file. Limits in seconds: 3 to connect, 30 in all."""
        lines = {
            "url": self.url,
            "request": self.method,
            "resolve": f"{self.name}:{self.port}:{self.address}",
            "connect-timeout": "3",
            "max-time": "30",
            "write-out": _WRITE_OUT,
        }
        if self.ca is not None:
            lines["cacert"] = self.ca
        if self.user is not None:
            lines["user"] = f"{self.user}:{self.password or ''}"
        if self.body is not None:
            lines["data-binary"] = f"@{self.body}"
        text = [f"{key} = {_quoted(value)}" for key, value in lines.items()]
        text += [f"header = {_quoted(header)}" for header in self.headers]
        return "\n".join(["silent", "noproxy = *", *(["include"] if self.with_head else []), *text]) + "\n"


def _quoted(value: str) -> str:
    """A value in curl's configuration file: quoted, quotes and backslashes escaped (ours wants its `\\n`)."""
    escaped = value if value == _WRITE_OUT else value.replace("\\", "\\\\")
    return '"' + escaped.replace('"', '\\"') + '"'


@dataclass(frozen=True)
class Reply:
    """What came of a request. `status` is 0 when no HTTP answer came; `connected` says whether TCP stood at all."""

    status: int
    exit_code: int
    connected: bool
    content_type: str
    error: str
    body: bytes = field(repr=False)
    seconds: float = 0.0

    @property
    def answered(self) -> bool:
        """True when an HTTP server spoke."""
        return self.status > 0

    def __str__(self) -> str:
        if self.answered:
            return f"HTTP {self.status}"
        return self.error or f"curl ended with {self.exit_code}"


def read_reply(code: int, body: bytes, said: str, seconds: float = 0.0) -> Reply:
    """What curl reported on standard error after the transfer. A curl that did not run at all has status and time 0."""
    found = _REPORT.search(said)
    if found is None:
        return Reply(0, code or 2, False, "", f"curl did not run (exit {code}): {said.strip()[:120]}", body, seconds)
    connected = float(found[3].replace(",", ".")) > 0
    return Reply(int(found[1]), int(found[2]), connected, found[4], found[5].strip(), body, seconds)
