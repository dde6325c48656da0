"""An archive whose system lies on btrfs goes to the next of everything and back by a snapshot. Long: make lab-long."""

from collections.abc import Iterator
from contextlib import chdir

import pytest

from builder.inventory import build_inventory
from builder.load.site import load_site
from builder.probes.dcmtk import Way
from builder.wayback.manifest import differences
from tests.lab.conftest import BuiltSite, new_folder, run_steps
from tests.lab.loaded import load
from tests.lab.on_btrfs import moved_to_btrfs
from tests.lab.test_upgrade import NEW, STUDIES, WORDS, manifest, nothing_lost, on, stands_as_before, upgraded, versions

pytestmark = pytest.mark.long
LEFT = "sudo btrfs subvolume list -o / | wc -l; sudo ls /var/lib/pacsmith/way-back | wc -l"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """The archive of test_upgrade, on btrfs."""
    site = new_folder(tmp_path_factory.mktemp("btrfs"), "upgrade.yml", {})
    try:
        run_steps(site, ["secrets", "generate", "--site", site.name], ["lab", "up", site.name])
        moved_to_btrfs(site, "arc")
        run_steps(site, ["build", "--site", site.name])
        inventory = build_inventory(load_site(site.folder / "inventory/old/site.yml").value)
        with chdir(site.folder):
            load(inventory.stand_ins[0].connection, Way("OLD_CT", "OLD_ARC", "10.125.1.40", 104), STUDIES, 20)
        assert site.on("arc", "sudo systemctl start pacsmith-backup.service").returncode == 0
        yield site
    finally:
        site.pacsmith("lab", "down", site.name)


def test_there_and_back_by_a_snapshot(old: BuiltSite) -> None:
    before = manifest(old)
    plan = old.pacsmith("upgrade", "arc", *(word for to in WORDS for word in ("--to", to)), "--plan")
    assert "way back: a snapshot of its file system" in plan.stdout, plan.stderr
    result = upgraded(old)
    assert result.outcome == "accepted", result.why
    assert result.ahead is not None
    assert result.ahead.way == "snapshot"
    assert versions(old) == NEW
    after = nothing_lost(old, before, result)
    back = old.pacsmith("rollback", "arc")
    assert back.returncode == 0, back.stderr
    assert differences(after, manifest(old)) == ()
    stands_as_before(old)
    assert old.on("arc", LEFT).stdout.split() == ["0", "0"]


def test_a_failure_brings_it_back_by_the_snapshot(old: BuiltSite) -> None:
    before = manifest(old)
    result = upgraded(old, "verify", on(old, "systemctl mask --now nginx"))
    assert result.rolled_back, f"{result.outcome}: {result.why}"
    nothing_lost(old, before, result)
    stands_as_before(old)
    assert old.on("arc", LEFT).stdout.split() == ["0", "0"]
