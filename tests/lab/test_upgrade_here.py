"""What befalls the machine that upgrades, or its work: its disk is full, or a colleague goes back from another machine.
Long: make lab-long."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from builder.wayback.manifest import differences
from tests.lab.conftest import BuiltSite, new_folder, run_steps
from tests.lab.test_upgrade import NEW, colleague, manifest, nothing_lost, stands_as_before, upgraded, versions

pytestmark = pytest.mark.long
_ROOM = "256m"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """The archive, accepted; what pacsmith keeps of it lies on a small disk of its own."""
    site = new_folder(tmp_path_factory.mktemp("here"), "upgrade.yml", {})
    kept = site.folder / ".pacsmith"
    kept.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_ROOM}", "tmpfs", str(kept)], check=True)
    try:
        run_steps(site, ["secrets", "generate", "--site", site.name], ["lab", "up", site.name], ["build"])
        assert site.on("arc", "sudo systemctl start pacsmith-backup.service").returncode == 0
        yield site
    finally:
        site.pacsmith("lab", "down", site.name)
        subprocess.run(["umount", str(kept)], check=True)


@pytest.mark.parametrize("at", ["Stop what writes", "Exchange the systems, and boot", "Open the doors"])
def test_a_full_disk_here_brings_the_host_back(old: BuiltSite, at: str) -> None:
    before, full = manifest(old), old.folder / ".pacsmith/full"

    def fill() -> None:
        with suppress(OSError), full.open("wb") as file:
            while True:
                file.write(bytes(2**16))
                file.flush()

    try:
        result = upgraded(old, at, fill)
    finally:
        left = shutil.disk_usage(full.parent).free
        full.unlink()
    assert result.rolled_back, f"{result.outcome}: {result.why}; {left} bytes were left here"
    assert "No space left" in result.why or "full" in result.why, result.why
    nothing_lost(old, before, result)
    stands_as_before(old)


def test_a_colleague_goes_back_from_another_machine(old: BuiltSite, tmp_path: Path) -> None:
    before = manifest(old)
    assert upgraded(old).outcome == "accepted"
    assert versions(old) == NEW
    after = manifest(old)
    other = colleague(old, tmp_path / "other")
    refused = other.pacsmith("rollback", "arc")
    assert refused.returncode == 2
    assert "--upgraded-elsewhere" in refused.stderr
    back = other.pacsmith("rollback", "arc", "--upgraded-elsewhere")
    assert back.returncode == 0, back.stdout + back.stderr
    assert versions(old) != NEW
    assert differences(before, manifest(old)) == ()
    assert differences(after, manifest(old)) == ()
    late = old.pacsmith("rollback", "arc")
    assert late.returncode == 1
    assert "the copy by which it could go back is not there" in late.stderr
    assert other.pacsmith("verify").returncode == 0
    doors = old.on("arc", "sudo nft list tables")
    assert "pacsmith_closed" not in doors.stdout
