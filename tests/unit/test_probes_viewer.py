"""What a browser gets of the web viewer, held against the depot's package."""

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from builder.probes.curl import Reply
from builder.probes.stage import StageError
from builder.probes.viewer import SETTINGS, chosen, file_faults, head_and_body, packed_files, settings_faults

ISOLATED = "cross-origin-opener-policy: same-origin\r\nCross-Origin-Embedder-Policy: require-corp\r\n"
GOOD_SETTINGS = 'window.__filename = "/";\nlocalStorage.shownTours; qidoRoot: "/dicom-web"'


def reply(body: bytes, kind: str = "application/javascript", head: str = ISOLATED, status: int = 200) -> Reply:
    raw = f"HTTP/2 {status} \r\ncontent-type: {kind}\r\n{head}\r\n".encode() + body
    return Reply(status, 0, True, kind, "", raw)


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_the_package_is_read_below_the_folder_that_is_served(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tgz", "w:gz") as tar:
        for name, content in {
            "package/dist/index.html": b"page",
            "package/dist/a/b.js": b"1",
            "package/x": b"",
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    assert packed_files(tmp_path / "x.tgz", "package/dist") == {
        "/index.html": (4, sha(b"page")),
        "/a/b.js": (1, sha(b"1")),
    }


def test_the_largest_script_and_the_smallest_program_are_asked_for() -> None:
    sizes = {"/index.html": 1, "/a.js": 5, "/b.js": 9, SETTINGS: 99, "/s.wasm": 3, "/l.wasm": 7}
    truth = {path: (size, path) for path, size in sizes.items()}
    assert list(chosen(truth)) == ["/index.html", "/b.js", "/s.wasm"]
    with pytest.raises(StageError, match=r"holds no index\.html"):
        chosen({"/a.js": (1, "x")})


def test_a_compressed_answer_is_opened_and_a_cut_one_told() -> None:
    packed = gzip.compress(b"text")
    head, body = head_and_body(b"HTTP/2 200 \r\nContent-Encoding: gzip\r\n\r\n" + packed)
    assert (head["content-encoding"], body) == ("gzip", b"text")
    with pytest.raises(ValueError, match="its compression is broken"):
        head_and_body(b"HTTP/2 200 \r\nContent-Encoding: gzip\r\n\r\n" + packed[:-4])


def test_a_file_as_it_should_be_and_each_way_it_can_be_wrong() -> None:
    assert file_faults("/a.js", reply(b"1"), sha(b"1")) == []
    assert file_faults("/a.js", reply(b"2"), sha(b"1")) == ["its bytes are not those of the depot"]
    assert file_faults("/a.wasm", reply(b"1", "application/octet-stream"), sha(b"1")) == [
        "its type is application/octet-stream, not application/wasm"
    ]
    assert file_faults("/a.js", reply(b"1", head=""), sha(b"1")) == [
        "cross-origin-opener-policy is missing, not same-origin",
        "cross-origin-embedder-policy is missing, not require-corp",
    ]
    assert file_faults("/a.js", reply(b"", status=403), sha(b"1")) == ["HTTP 403"]
    assert file_faults(SETTINGS, reply(GOOD_SETTINGS.encode()), "") == []


def test_each_trap_of_the_settings_is_told() -> None:
    assert settings_faults(GOOD_SETTINGS) == []
    assert settings_faults(GOOD_SETTINGS + ' "https://d14.cloudfront.net/dicomweb"') == [
        "they name https://d14.cloudfront.net/dicomweb"
    ]
    assert settings_faults("") == [
        "the page can stay blank: __filename is not set",
        "the tour of a first visit lies over the image",
        "they do not name this archive's DICOMweb",
    ]
