"""The web viewer as a browser at a web client's address gets it: files, types, isolation and settings."""

import gzip
import hashlib
import re
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from email.parser import BytesHeaderParser
from pathlib import Path

from builder.models.depot import Needed
from builder.models.station import WebViewer
from builder.probes.curl import Reply
from builder.probes.question import Answer, Question
from builder.probes.stage import Stage, StageError
from builder.probes.web import granted, request, send

SETTINGS = "/app-config.js"
TYPES = {".html": "text/html", ".js": "application/javascript", ".wasm": "application/wasm"}
# Both are what makes a page cross-origin isolated (HTML Living Standard, "cross-origin isolated capability").
ISOLATED = {"cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp"}
_SETTINGS_SAY = {
    "window.__filename": "the page can stay blank: __filename is not set",
    "shownTours": "the tour of a first visit lies over the image",
    '"/dicom-web"': "they do not name this archive's DICOMweb",
}
_ADDRESS = re.compile(r"[a-z]+://[^\s\"']+")


def viewer(stage: Stage, question: Question) -> Answer:
    """The page, its largest script, its smallest WebAssembly file and its settings, compressed as a browser asks."""
    archive = stage.archive(question.target).host.archive
    if archive is None or archive.viewer is None:
        raise StageError(f"{question.target}: the site gives it no web viewer")
    wanted = archive.viewer
    truth = stage.once(f"viewer {wanted.product} {wanted.version}", lambda: packed(stage, wanted))
    replies, faults = [], []
    for path, digest in {**chosen(truth), SETTINGS: ""}.items():
        asked = request(stage, question, path, user=None, headers=["Accept-Encoding: gzip"])
        reply = send(stage, question, replace(asked, with_head=True))
        replies.append(reply)
        faults += [f"{path}: {fault}" for fault in file_faults(path, reply, digest)]
    return granted(question, faults, f"{len(replies)} files as they should be, isolated", *replies)


def packed(stage: Stage, wanted: WebViewer) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of each file in the depot's package, by its path at the web root."""
    return packed_files(stage.artefact(Needed(name=wanted.product, version=wanted.version)), wanted.inside)


def packed_files(package: Path, inside: str) -> dict[str, tuple[int, str]]:
    """As above, of a tar file. Raises OSError or tarfile.TarError."""
    found = {}
    with tarfile.open(package, "r|gz") as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None and member.name.startswith(f"{inside}/"):
                digest = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
                found[member.name.removeprefix(inside)] = (member.size, digest)
    return found


def chosen(truth: Mapping[str, tuple[int, str]]) -> dict[str, str]:
    """The files to ask for, path and SHA-256. Raises StageError for a package without a page."""
    if "/index.html" not in truth:
        raise StageError("the package in the depot holds no index.html")
    sizes = {path: size for path, (size, _) in truth.items() if path != SETTINGS}
    scripts = [path for path in sizes if path.endswith(".js")]
    programs = [path for path in sizes if path.endswith(".wasm")]
    paths = ["/index.html"]
    paths += [max(scripts, key=lambda path: (sizes[path], path))] if scripts else []
    paths += [min(programs, key=lambda path: (sizes[path], path))] if programs else []
    return {path: truth[path][1] for path in paths}


def head_and_body(raw: bytes) -> tuple[dict[str, str], bytes]:
    """An answer as `curl --include` gives it: header names in lower case, and the body without its compression.

    Raises ValueError when it is cut short.
    """
    top, _, body = raw.partition(b"\r\n\r\n")
    lines = BytesHeaderParser().parsebytes(top.partition(b"\r\n")[2])
    head = {name.lower(): value for name, value in lines.items()}
    if head.get("content-encoding") != "gzip":
        return head, body
    try:
        return head, gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as fault:
        raise ValueError(f"its compression is broken ({fault})") from fault


def file_faults(path: str, reply: Reply, digest: str) -> list[str]:
    """What is wrong with a file as it came. Settings are ours: they have no digest, and are read instead."""
    if reply.status != 200:
        return [str(reply)]
    try:
        head, body = head_and_body(reply.body)
    except ValueError as fault:
        return [str(fault)]
    kind, wanted = head.get("content-type", "nothing").partition(";")[0], TYPES["." + path.rpartition(".")[2]]
    faults = [] if kind == wanted else [f"its type is {kind}, not {wanted}"]
    faults += [f"{name} is {head.get(name, 'missing')}, not {value}" for name, value in ISOLATED.items()
               if head.get(name) != value]  # fmt: skip
    if path == SETTINGS:
        return faults + settings_faults(body.decode("utf-8", "replace"))
    if hashlib.sha256(body).hexdigest() != digest:
        faults.append("its bytes are not those of the depot")
    return faults


def settings_faults(text: str) -> list[str]:
    """What is wrong with the viewer's settings."""
    faults = [fault for word, fault in _SETTINGS_SAY.items() if word not in text]
    return faults + [f"they name {address}" for address in sorted(set(_ADDRESS.findall(text)))]
