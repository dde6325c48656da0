"""An npm package through the npm client, as this machine's npm is configured: its registry, proxy and credentials."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

from builder.depot.faults import DepotFault
from builder.models.depot import Artefact

_INSTALL = "install it (apt-get install npm)"
_NO_WAY_OUT = ("ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "EHOSTUNREACH",
               "ERR_SOCKET_TIMEOUT", "FETCH_ERROR")  # fmt: skip
_ERROR = re.compile(r"^npm (?:error|ERR!) (?:code (?P<code>\S+)|(?P<text>.*\S))\s*$", re.MULTILINE)
_SHOWN = 300  # characters of npm's own words


def npm_package(artefact: Artefact, into: Path) -> Path:
    """Download the artefact's package into the folder `into`; npm's own SHA-512 is held against the file.

    Raises DepotFault with the remedy: no npm, no way to the registry, no such version, or other bytes than npm names.
    """
    package = f"{artefact.npm}@{artefact.version}"
    if shutil.which("npm") is None:
        raise DepotFault(
            f"{artefact} comes from npm, and this machine has no npm; {_INSTALL}, or fetch {package} elsewhere "
            f"(npm pack {package}) and hand the file in with `pacsmith depot add FILE`"
        )
    integrity = integrity_of(artefact, _npm(artefact, "view", package, "dist", "--json"))
    _npm(artefact, "pack", package, "--json", "--ignore-scripts", "--pack-destination", str(into))
    files = sorted(into.iterdir())
    if len(files) != 1:
        raise DepotFault(f"{artefact}: npm pack {package} left {len(files)} files, not one; run it by hand to see why")
    refuse_other_bytes(artefact, files[0].read_bytes(), integrity)
    return files[0]


def _npm(artefact: Artefact, *arguments: str) -> str:
    """What npm prints. Nothing that a package brings is run."""
    done = subprocess.run(
        ["npm", "--no-update-notifier", "--no-fund", "--no-audit", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise DepotFault(fault_text(artefact, done.stderr))
    return done.stdout


def fault_text(artefact: Artefact, said: str) -> str:
    """A sentence for what npm said on standard error."""
    code, text = "", ""
    for found in _ERROR.finditer(said):
        code, text = code or found["code"] or "", text or found["text"] or ""
    package = f"{artefact.npm}@{artefact.version}"
    by_hand = f"fetch {package} on another machine and hand the file in with `pacsmith depot add FILE`"
    if code in ("E404", "ETARGET"):
        return f"{artefact}: the registry of npm has no {package}; correct the manifest (specs/depot.yml)"
    if code in _NO_WAY_OUT:
        return f"{artefact}: npm cannot reach its registry ({code}); mend the network or npm's proxy, or {by_hand}"
    told = " ".join(filter(None, [code, text]))[:_SHOWN] or "it says nothing"
    return f"{artefact}: npm could not fetch {package} ({told}); run `npm pack {package}` to see more, or {by_hand}"


def integrity_of(artefact: Artefact, answer: str) -> str:
    """The SHA-512 that `npm view … dist` names, in base64. Raises DepotFault when it names none."""
    try:
        named = json.loads(answer)["integrity"]
    except (ValueError, KeyError, TypeError):
        named = ""
    sums = [one for one in str(named).split() if one.startswith("sha512-")]
    if not sums:
        raise DepotFault(
            f"{artefact}: the registry of npm names no SHA-512 for {artefact.npm}; ask whoever runs that registry"
        )
    return sums[0].removeprefix("sha512-")


def refuse_other_bytes(artefact: Artefact, content: bytes, integrity: str) -> None:
    """Raise DepotFault when the SHA-512 of `content` is not `integrity` (base64)."""
    found = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != integrity:
        raise DepotFault(
            f"{artefact}: what npm downloaded has the SHA-512 {found}, its registry names {integrity}; nothing was "
            "kept: empty npm's cache (npm cache clean --force) and fetch again"
        )
