"""What must be so with the web viewer on a host whose site wants one."""

import re
from collections.abc import Callable
from typing import Any

from builder.probes.observed import more_and_less

from .reading import NoAnswer, Reading

Variables = dict[str, Any]
Record = Callable[[str, object], None]  # what a met check saw, for its evidence


def test_web_viewer_is_whole(seen: Reading, variables: Variables, record_property: Record) -> None:
    """The web viewer is there in the site's version alone, each of its files with the checksum it was unpacked with."""
    name = f"{variables['viewer']['product']}-{variables['viewer']['version']}"
    found = {re.sub(r"\.[0-9a-f]{12}$", "", entry) for entry in seen.lines("viewers")}
    assert found == {name}, f"versions of the web viewer: {more_and_less(found, {name})}; run pacsmith build"
    said = seen.lines("viewer-files")
    counted = re.fullmatch(r"files (\d+) listed (\d+)", said[-1] if said else "")
    if counted is None:
        raise NoAnswer("the list of the web viewer's files cannot be read; run pacsmith build")
    damaged = [line.partition(":")[0].removeprefix("./") for line in said[:-1]]
    assert not damaged, f"changed since they were unpacked: {', '.join(damaged)}; run pacsmith build"
    files, listed = counted.groups()
    assert files == listed, f"{files} files, {listed} were unpacked; run pacsmith build"
    record_property("observed", f"{name.replace('-', ' ', 1)}, {files} files as they were unpacked")


def test_web_viewer_settings(seen: Reading) -> None:
    """The viewer's settings name this archive's DICOMweb and no other server, show no tour, let no page stay blank."""
    text = seen["viewer-settings"]
    assert text.startswith("window.__filename ="), "their first line does not set __filename; run pacsmith build"
    assert "shownTours" in text, "the tour of a first visit lies over the image; run pacsmith build"
    assert '"/dicom-web"' in text, "they do not name this archive's DICOMweb; run pacsmith build"
    others = sorted(set(re.findall(r"[a-z]+://[^\s\"']+", text)))
    assert not others, f"they name {', '.join(others)}; run pacsmith build"
