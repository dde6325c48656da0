"""Print a page to PDF with headless Chromium, which asks the network for nothing."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from builder.durable import write_whole
from builder.errors import PacsmithError

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_SECONDS = 120
# Without these, Chromium looks up its maker's hosts at every start; nothing here needs any network.
_QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)


def to_pdf(html: Path, pdf: Path, mode: int = 0o640) -> None:
    """Print `html` to `pdf`, whole or not at all, with these rights.

    Raises PacsmithError, with the remedy, without Chromium or when it fails.
    """
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        raise PacsmithError(
            "the PDF needs Chromium, and there is none here; install it with: apt-get install chromium, "
            "or leave the format out with: --format html,json"
        )
    with tempfile.TemporaryDirectory(prefix="pacsmith-chromium-") as profile:
        printed = Path(profile) / "printed.pdf"
        # HOME too: Chromium keeps crash reports there, and a service account may have none.
        environment = {**os.environ, "HOME": profile, "TZ": "UTC"}
        argv = pdf_argv(program, html.resolve(), printed, profile, root=os.geteuid() == 0)
        try:
            done = subprocess.run(argv, capture_output=True, timeout=_SECONDS, check=False, env=environment)
        except subprocess.TimeoutExpired:
            raise PacsmithError(f"{pdf}: Chromium did not finish within {_SECONDS} s; run the command again") from None
        if done.returncode != 0 or not printed.is_file():
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
            raise PacsmithError(
                f"{pdf}: {program} printed nothing (exit {done.returncode}: {said[-1]}); "
                f"open {html} in a browser and print it from there"
            )
        write_whole(pdf, printed.read_bytes(), mode)


def pdf_argv(program: str, html: Path, pdf: Path, profile: str, *, root: bool) -> list[str]:
    """The command line. Chromium's sandbox does not start as root; the page is our own and holds no script."""
    sandbox = ["--no-sandbox"] if root else []
    return [program, *_QUIET, *sandbox, f"--user-data-dir={profile}", f"--print-to-pdf={pdf}", html.as_uri()]
