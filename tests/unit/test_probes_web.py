"""curl's settings and answers, and what is read out of DICOMweb answers."""

import base64
import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from builder.probes.compare import difference
from builder.probes.curl import Reply, Request, read_reply
from builder.probes.question import Question
from builder.probes.samples import make_sample
from builder.probes.stage import StageError
from builder.probes.web import granted, multipart, parts, search_faults, user_for
from builder.probes.webdoor import refused
from tests.unit.site_parts import example

PASSWORD = 'p"a\\ss w0rd$(id)'
SAMPLE = make_sample("run", "read01")
ASKED = Question("read01 -> archive01: qido", "qido", "read01", "archive01", "expected", "site")


def reply(status: int, body: bytes = b"", kind: str = "application/dicom+json") -> Reply:
    return Reply(status, 0, True, kind, "", body)


NO_CURL = read_reply(127, b"", "bash: curl: command not found\n")
REFUSED = read_reply(7, b"", "\npacsmith 000 7 0.000000 [] Failed to connect to archive01 port 443\n")


class Door(BaseHTTPRequestHandler):
    """Keeps what it was asked with."""

    heard: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        scheme, _, value = self.headers["Authorization"].partition(" ")
        self.heard.append(f"{scheme} {base64.b64decode(value).decode()} {self.headers['Accept']} {self.path}")
        self.send_response(403)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_curl_itself_reads_our_settings() -> None:
    """Quotes, backslashes and blanks of a password reach the server whole, and by standard input alone."""
    curl = shutil.which("curl")
    assert curl, "curl is part of what pacsmith needs; install it"
    with HTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        port = server.server_port
        wanted = Request(f"http://archive.test:{port}/x?y=z", "127.0.0.1", port, "archive.test", user="reader",
                         password=PASSWORD, headers=("Accept: application/dicom+json",))  # fmt: skip
        done = subprocess.run([curl, "-K", "-"], input=wanted.settings().encode(), capture_output=True, check=False)
    told = read_reply(done.returncode, done.stdout, done.stderr.decode())
    assert (told.status, told.exit_code, told.connected) == (403, 0, True)
    assert Door.heard == [f"Basic reader:{PASSWORD} application/dicom+json /x?y=z"]


def test_a_password_is_not_shown() -> None:
    assert PASSWORD not in repr(Request("u", "a", 1, "n", user="reader", password=PASSWORD))


def test_replies() -> None:
    said = '\npacsmith 200 0 0.000401 [multipart/related; type="application/dicom"; boundary=x1] \n'
    good = read_reply(0, b"body", said)
    assert (good.status, good.connected) == (200, True)
    assert good.content_type.endswith("boundary=x1")
    assert str(REFUSED) == "Failed to connect to archive01 port 443"
    assert not REFUSED.connected
    assert "command not found" in str(NO_CURL)


def test_multipart_there_and_back() -> None:
    body = multipart(SAMPLE.content)
    (part,) = parts(body, 'multipart/related; type="application/dicom"; boundary="pacsmith-boundary"')
    assert difference(SAMPLE.content, part) is None
    with pytest.raises(ValueError, match="not a multipart answer but text/html"):
        parts(b"<html>", "text/html")


def test_search_answers() -> None:
    right = {"0020000D": {"vr": "UI", "Value": [SAMPLE.study]}, "00100020": {"vr": "LO", "Value": ["PACSMITH-run"]}}
    other = right | {"0020000D": {"vr": "UI", "Value": ["1.2.3"]}}

    def faults(found: object) -> list[str]:
        return search_faults(reply(200, json.dumps(found).encode()), SAMPLE, "PACSMITH-run")

    assert faults([right]) == []
    assert faults([]) == ["0 studies, not the one that was stored"]
    assert faults([right, other]) == ["2 studies, not the one that was stored"]
    assert faults([other]) == ["1 studies, not the one that was stored"]
    assert faults([{"0020000D": {"vr": "UI"}}]) == ["the answer is no DICOM JSON"]
    assert faults({"error": 1}) == ["the answer is no DICOM JSON"]
    assert search_faults(reply(200, b"<html>"), SAMPLE, "x") == ["the answer is no DICOM JSON"]
    assert search_faults(reply(502), SAMPLE, "x") == ["HTTP 502"]


@pytest.mark.parametrize(
    ("got", "verdict"),
    [(reply(401), "met"), (reply(200), "short"), (reply(302), "short"), (reply(403), "unknown"),
     (reply(502), "unknown"), (REFUSED, "unknown"), (NO_CURL, "unknown")],
)  # fmt: skip
def test_only_the_right_status_is_a_refusal(got: Reply, verdict: str) -> None:
    assert refused(ASKED, got, 401, str(got)).verdict == verdict


def test_a_granted_request_without_curl_is_unknown_and_without_answer_short() -> None:
    assert granted(ASKED, [], "good", reply(200)).verdict == "met"
    assert granted(ASKED, [str(REFUSED)], "good", REFUSED).verdict == "short"
    assert granted(ASKED, [str(NO_CURL)], "good", NO_CURL).verdict == "unknown"
    assert not granted(ASKED, [str(REFUSED)], "good", REFUSED).proves


def test_the_user_with_the_fewest_rights_is_taken() -> None:
    site = example()
    archive = site.hosts[0]
    assert user_for(archive, "qido").name == "reading-room"
    assert user_for(archive, "stow").name == "importer"
    assert archive.archive
    only_readers = archive.model_copy(
        update={"archive": archive.archive.model_copy(update={"users": archive.archive.users[:1]})}
    )
    with pytest.raises(StageError, match="no web user has this right"):
        user_for(only_readers, "stow")
