"""An upgrade or its way back is cut off where it is worst, by kill -9 or a power cut, and a person goes on in another
way than was meant: every image stays. Long: make lab-long."""

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest

from builder.inventory import build_inventory
from builder.load.site import load_site
from builder.probes.dcmtk import Way
from builder.wayback.manifest import Stored, differences
from tests.lab.conftest import BuiltSite, built
from tests.lab.loaded import load
from tests.lab.test_upgrade import (
    NEW,
    UPGRADE,
    colleague,
    killed,
    manifest,
    nothing_lost,
    on,
    put_back_by_hand,
    stands_as_before,
    upgraded,
    versions,
)

pytestmark = pytest.mark.long
STUDIES, EACH, LATER = 20, 10, 7
_POWER = (
    "timeout 100 sh -c 'until grep -qs \"^{said}\" /var/lib/pacsmith/way-back/*/state; do sleep 0.02; done'; sleep 1; "
    "systemctl reboot --force --force"
)
"""Shell text that takes the power away a second after the copy's state says so."""


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """The archive, accepted and loaded."""
    for site in built(tmp_path_factory.mktemp("cut"), "upgrade.yml", {}):
        gets(site, STUDIES, EACH, 1)
        assert site.on("arc", "sudo systemctl start pacsmith-backup.service").returncode == 0
        yield site


def gets(site: BuiltSite, studies: int, each: int, seed: int) -> None:
    """So many studies more, from the modality."""
    inventory = build_inventory(load_site(site.folder / "inventory/old/site.yml").value)
    with chdir(site.folder):
        load(inventory.stand_ins[0].connection, Way("OLD_CT", "OLD_ARC", "10.125.1.40", 104), studies, each, seed)


def ours(site: BuiltSite) -> frozenset[Stored]:
    """What the archive keeps of `gets`, each once and whole: a pacsmith that was killed leaves images of its own
    there."""
    patients = {hashlib.sha256(f"SYNTHETIC-{number:04}".encode()).hexdigest() for number in range(STUDIES)}
    found = [one for one in manifest(site).instances if one.patient in patients]
    assert len({one.sop_uid for one in found}) == len(found)
    assert all(one.real == one.md5 for one in found)
    return frozenset(found)


def quiet(site: BuiltSite) -> None:
    """The stand-in stores no more: the pacsmith that would have ended it was killed."""
    ended = site.on("ct", "sudo pkill -f [s]tream.sh; until ! pgrep -f [s]tream.sh; do sleep 0.1; done")
    assert ended.returncode == 0, ended.stderr


def test_cut_off_while_its_way_back_is_proven_and_put_back_at_the_console(old: BuiltSite) -> None:
    """By then its doors are open again: what came through them is kept, and what came before that once."""
    before = ours(old)
    assert upgraded(old).outcome == "accepted"
    gets(old, 1, LATER, 2)
    killed(old, "Open the doors: changed", "rollback", "arc")
    gets(old, 1, LATER, 3)
    since = ours(old)
    assert len(since) == len(before) + 2 * LATER
    put_back_by_hand(old)
    back = old.pacsmith("rollback", "arc")
    assert back.returncode == 0, back.stdout + back.stderr
    assert ours(old) == since
    stands_as_before(old)


def test_cut_off_while_it_is_proven_and_put_back_at_the_console(old: BuiltSite) -> None:
    """There is nothing to go on with then, and what came since is kept."""
    killed(old, "Open the doors: changed", *UPGRADE)
    quiet(old)
    gets(old, 1, LATER, 4)
    since = ours(old)
    put_back_by_hand(old)
    on_with_it = old.pacsmith("upgrade", "arc", "--resume")
    assert on_with_it.returncode == 1, on_with_it.stdout
    assert "arc was put back at its console" in on_with_it.stderr
    back = old.pacsmith("rollback", "arc")
    assert back.returncode == 0, back.stdout + back.stderr
    assert ours(old) == since
    stands_as_before(old)


def test_cut_off_behind_closed_doors_before_its_copy_was_whole(old: BuiltSite, tmp_path: Path) -> None:
    """Nothing was changed: it is not given up while the doors are closed, and whoever is there opens them."""
    before = ours(old)
    killed(old, "Stop what writes: changed", *UPGRADE)
    quiet(old)
    refused = old.pacsmith(*UPGRADE)
    run = re.search(r"by run (\S+) was cut off", refused.stderr)
    assert run is not None, refused.stderr
    kept = old.pacsmith("rollback", "arc", "--give-up-the-way-back-of", run[1])
    assert kept.returncode == 1, kept.stdout
    assert "is not over (closed)" in kept.stderr
    other = colleague(old, tmp_path / "other")
    back = other.pacsmith("rollback", "arc", "--upgraded-elsewhere")
    assert back.returncode == 0, back.stdout + back.stderr
    assert ours(old) == before
    given_up = old.pacsmith("rollback", "arc", "--give-up-the-way-back-of", run[1])
    assert given_up.returncode == 0, given_up.stdout + given_up.stderr
    stands_as_before(old)


def test_a_power_cut_while_the_systems_are_exchanged_and_one_while_they_are_put_back(old: BuiltSite) -> None:
    before = manifest(old)
    result = upgraded(old, "Exchange the systems, and boot", on(old, _POWER.format(said="exchanging")))
    assert result.outcome == "accepted", result.why
    assert versions(old) == NEW
    after = nothing_lost(old, before, result)
    cut = threading.Thread(target=on(old, _POWER.format(said="putting")), daemon=True)
    cut.start()
    back = old.pacsmith("rollback", "arc")
    assert back.returncode == 0, back.stdout + back.stderr
    assert differences(after, manifest(old)) == ()
    stands_as_before(old)
