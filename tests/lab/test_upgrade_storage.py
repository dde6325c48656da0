"""Archives that keep their images elsewhere than most, in the database or on a disk of their own, go to the next of
everything and back: by themselves, and by a person at the console. Long: make lab-long."""

import re
import shlex
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass

import pytest

from builder.inventory import build_inventory
from builder.load.site import load_site
from builder.probes.dcmtk import Way
from builder.probes.stream import wrongly_kept
from builder.wayback.manifest import Manifest, differences, instances, manifest_of, manifest_script
from tests.lab.conftest import BuiltSite, new_folder, run_steps
from tests.lab.loaded import load
from tests.lab.own_disk import given_a_disk
from tests.lab.test_upgrade import NEW, SEEN, on, put_back_by_hand, stands_as_before, upgraded, versions

pytestmark = pytest.mark.long
STUDIES, EACH, LATER = 30, 10, 7
OWN_DISK = "/srv/images"
KINDS = {"database": "storage: database", "a disk of its own": f"storage_directory: {OWN_DISK}"}


@dataclass(frozen=True)
class Archive:
    """The built site and where it keeps its images."""

    site: BuiltSite
    storage: str
    folder: str

    def manifest(self) -> Manifest:
        """What it keeps now, by its database and by the bytes."""
        script = manifest_script(self.storage, self.folder)
        done = self.site.on("arc", f"sudo sh -c {shlex.quote(script)}")
        assert done.returncode == 0, done.stderr
        return manifest_of(instances(done.stdout))

    def gets(self, studies: int, each: int, seed: int) -> None:
        """So many studies more, from the modality."""
        inventory = build_inventory(load_site(self.site.folder / "inventory/old/site.yml").value)
        with chdir(self.site.folder):
            load(inventory.stand_ins[0].connection, Way("OLD_CT", "OLD_ARC", "10.125.1.40", 104), studies, each, seed)


@pytest.fixture(scope="module", params=list(KINDS))
def archive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    """One of each kind, accepted and loaded."""
    site = new_folder(tmp_path_factory.mktemp("stored"), "upgrade.yml", {})
    file = site.folder / "inventory/old/site.yml"
    file.write_text(file.read_text().replace("    archive:\n", f"    archive:\n      {KINDS[request.param]}\n"))
    try:
        run_steps(site, ["secrets", "generate", "--site", site.name], ["lab", "up", site.name])
        own = request.param != "database"
        if own:
            given_a_disk(site, "arc", OWN_DISK)
        run_steps(site, ["build", "--site", site.name])
        archive = Archive(site, "filesystem" if own else "database", OWN_DISK if own else "/var/lib/orthanc/storage")
        archive.gets(STUDIES, EACH, 1)
        assert site.on("arc", "sudo systemctl start pacsmith-backup.service").returncode == 0
        yield archive
    finally:
        site.pacsmith("lab", "down", site.name)


def test_a_failure_at_the_end_brings_it_back_with_what_came_meanwhile(archive: Archive) -> None:
    site, before = archive.site, archive.manifest()
    assert len(before.instances) >= STUDIES * EACH
    result = upgraded(site, "verify", on(site, "systemctl mask --now nginx"), lambda _: archive.manifest())
    assert result.rolled_back, f"{result.outcome}: {result.why}"
    after = archive.manifest()
    assert differences(before, after) == ()
    assert after.broken == ()
    seen = SEEN[result.kept].instances
    assert len(seen) > len(before.instances), "nothing came while the doors were open"
    assert result.stream is not None
    assert result.stream.left == ()
    assert wrongly_kept(result.stream, [one.sop_uid for one in seen]) == ()
    stands_as_before(site)


def test_put_back_at_the_console_it_keeps_what_came_since(archive: Archive) -> None:
    """Days later nobody can log in: a person carries out the copy's own script, and then the rollback."""
    site, before = archive.site, archive.manifest()
    result = upgraded(site, keeps=lambda _: archive.manifest())
    assert result.outcome == "accepted", result.why
    assert versions(site) == NEW
    archive.gets(1, LATER, 2)
    since = archive.manifest()
    assert len(since.instances) >= len(before.instances) + LATER
    put_back_by_hand(site)
    back = site.pacsmith("rollback", "arc")
    assert back.returncode == 0, back.stdout + back.stderr
    assert re.search(r"arc keeps [0-9]+ instances", back.stdout), back.stdout
    found = archive.manifest()
    assert differences(since, found) == ()
    assert found.broken == ()
    assert site.on("arc", f"sudo ls -A {archive.folder}/.way-back 2>/dev/null").stdout == ""
    stands_as_before(site)
