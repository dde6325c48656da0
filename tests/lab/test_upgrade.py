"""A Debian 12 archive with 2,000 instances goes to Debian 13, PostgreSQL 17 and Orthanc 1.12.7, with a modality that
stores one image a second all the while; then again and again, with a failure at each step. Long: make lab-long."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

import pytest

from builder.errors import PacsmithError
from builder.inventory import build_inventory
from builder.load.site import load_site
from builder.models.event import Event
from builder.probes.dcmtk import Way
from builder.probes.stream import wrongly_kept
from builder.wayback.manifest import Manifest, differences, instances, manifest_of, manifest_script
from builder.workflows.build import Show
from builder.workflows.upgrade import upgrade
from builder.workflows.upgrade_states import states_of
from builder.workflows.upgraded import Upgraded
from tests.lab.conftest import SITES, BuiltSite, built, run_steps
from tests.lab.loaded import load

pytestmark = pytest.mark.long
WORDS = ["debian-13", "orthanc=1.12.7", "postgresql=17"]
STUDIES, EACH = 100, 20


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """The archive, accepted and loaded."""
    for site in built(tmp_path_factory.mktemp("old"), "upgrade.yml", {}):
        inventory = build_inventory(load_site(site.folder / "inventory/old/site.yml").value)
        with chdir(site.folder):
            load(inventory.stand_ins[0].connection, Way("OLD_CT", "OLD_ARC", "10.125.1.40", 104), STUDIES, EACH)
        assert site.on("arc", "sudo systemctl start pacsmith-backup.service").returncode == 0
        yield site


def manifest(site: BuiltSite) -> Manifest:
    """What the archive keeps now, by its database and by the bytes."""
    done = site.on("arc", f"sudo sh -c {shlex.quote(manifest_script('filesystem', '/var/lib/orthanc/storage'))}")
    assert done.returncode == 0, done.stderr
    return manifest_of(instances(done.stdout))


def versions(site: BuiltSite) -> tuple[str, ...]:
    """Debian, Orthanc and the PostgreSQL that serves."""
    asked = (
        ". /etc/os-release; echo $VERSION_CODENAME; sudo curl -fsS -K /etc/pacsmith/orthanc.curl "
        'http://127.0.0.1:8042/system | sed -n \'s/.*"Version" : "\\(.*\\)".*/\\1/p\'; '
        "pg_lsclusters --no-header | awk '$3 == 5432 {print $1}'"
    )
    return tuple(site.on("arc", asked).stdout.split())


SEEN: dict[str, Manifest] = {}
"""By run, what the archive kept before the stand-in's images were removed from it."""


def upgraded(
    site: BuiltSite,
    at: str = "",
    do: Callable[[], object] = lambda: None,
    keeps: Callable[[BuiltSite], Manifest] = manifest,
) -> Upgraded:
    """Upgrade the archive; when the step or phase `at` begins, `do` something beside it. `keeps`: what it keeps now."""
    begun, seen = threading.Event(), []

    def meanwhile(name: str) -> None:
        if at and name == at and not begun.is_set():
            begun.set()
            threading.Thread(target=do, daemon=True).start()

    def heard(event: Event) -> None:
        if event.status == "started":
            if event.step == "Remove what the stand-in sent":
                seen.append(keeps(site))
            meanwhile(event.step)

    with chdir(site.folder):
        result = upgrade(states_of("old", "arc", WORDS, None), Show(event=heard, phase=meanwhile))
    assert begun.is_set() or not at, f"{at} never began"
    SEEN[result.kept] = seen[-1]
    return result


def nothing_lost(site: BuiltSite, before: Manifest, result: Upgraded) -> Manifest:
    """All that was there is there, once; and all that the modality was told is taken."""
    after = manifest(site)
    assert differences(before, after) == ()
    assert after.broken == ()
    assert result.stream is not None
    assert result.stream.made
    assert result.stream.left == ()
    assert wrongly_kept(result.stream, [one.sop_uid for one in SEEN[result.kept].instances]) == ()
    assert not {one.sop_uid for one in after.instances} & result.stream.made.keys(), (
        "the stand-in's images are still there"
    )
    return after


OLD, NEW = ("bookworm", "1.10.1", "15"), ("trixie", "1.12.7", "17")
MIRROR = "nft add table inet gone; nft add chain inet gone out '{ type filter hook output priority 0; }'; "
BESIDE = {  # when, what happens to the host, and what a person does about it
    "package mirror gone": (
        "Begin the next system beside this one",
        f'{MIRROR} nft add rule inet gone out ct state new tcp dport != 22 oifname != "lo" reject',
        "nft delete table inet gone",
    ),
    "disk full": (
        "Begin the next system beside this one",
        "mount -t tmpfs -o size=2m tmpfs /var/cache/apt/archives",
        "umount /var/cache/apt/archives",
    ),
    "maintainer script killed": ("Debian 12 to 13", "until pkill -9 -x dpkg; do sleep 0.1; done", "true"),
    "host powered off": ("Debian 12 to 13", "sleep 10; systemctl reboot --force --force", "true"),
}
BACK = {
    "disk full under the database": (
        "PostgreSQL 15 to 17",
        "mkdir -p /var/lib/postgresql/17; mount -t tmpfs -o size=3m tmpfs /var/lib/postgresql/17; "
        "chown postgres: /var/lib/postgresql/17",
    ),
    "migration killed": ("PostgreSQL 15 to 17", "timeout 60 sh -c 'until pkill -9 -x pg_upgrade; do sleep 0.02; done'"),
    "host powered off in the migration": (
        "PostgreSQL 15 to 17",
        "timeout 60 sh -c 'until pgrep -x pg_upgrade; do sleep 0.02; done'; sleep 1; systemctl reboot --force --force",
    ),
    "new service does not start": (
        "converge",
        "d=/etc/systemd/system/orthanc.service.d; mkdir -p $d; "
        "printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' >$d/zz-broken.conf; systemctl daemon-reload",
    ),
    "post-check fails": ("verify", "systemctl mask --now nginx"),
}


def on(site: BuiltSite, script: str) -> Callable[[], object]:
    """A shell text that runs as root on the archive."""
    return lambda: site.on("arc", f"sudo sh -c {shlex.quote(script)}")


def put_back_by_hand(site: BuiltSite) -> None:
    """A person at the console carries out the copy's own script, and the host boots."""
    script = "systemd-run --quiet --collect --unit=by-hand sh $(ls -d /var/lib/pacsmith/way-back/*/put-back)"
    boot = site.on("arc", "cat /proc/sys/kernel/random/boot_id").stdout
    assert site.on("arc", f"sudo sh -c {shlex.quote(script)}").returncode == 0
    end = time.monotonic() + 300
    while site.on("arc", "cat /proc/sys/kernel/random/boot_id").stdout in {boot, ""}:
        assert time.monotonic() < end, "the host was not booted by its own way back"
        time.sleep(1)


def stands_as_before(site: BuiltSite, *, swept: bool = True) -> None:
    """Old versions, accepted, and no copy left behind; the copy of an upgrade whose host went away is `swept` by the
    next one."""
    assert versions(site) == OLD
    proof = site.pacsmith("verify", "--site", "old")
    assert proof.returncode == 0, proof.stdout + proof.stderr
    assert not swept or site.on("arc", "sudo ls /var/lib/pacsmith/way-back").stdout.split() == []


@pytest.mark.parametrize("failure", BESIDE)
def test_a_failure_beside_the_serving_system_costs_nothing(old: BuiltSite, failure: str) -> None:
    at, command, mend = BESIDE[failure]
    before = manifest(old)
    with pytest.raises(PacsmithError, match="Nothing was changed"):
        upgraded(old, at, on(old, command))
    wait_for(old)
    on(old, mend)()
    assert differences(before, manifest(old)) == ()
    stands_as_before(old, swept=failure != "host powered off")


@pytest.mark.parametrize("failure", BACK)
def test_a_failure_brings_the_host_back_as_it_was(old: BuiltSite, failure: str) -> None:
    at, command = BACK[failure]
    before = manifest(old)
    result = upgraded(old, at, on(old, command))
    assert result.rolled_back, f"{result.outcome}: {result.why}"
    nothing_lost(old, before, result)
    stands_as_before(old)


def wait_for(site: BuiltSite) -> None:
    """Until the archive answers: it may have been powered off."""
    end = time.monotonic() + 120
    while site.on(
        "arc", "sudo curl -fsS -o /dev/null -K /etc/pacsmith/orthanc.curl http://127.0.0.1:8042/system"
    ).returncode:
        assert time.monotonic() < end, "the archive does not come back"
        time.sleep(1)


UPGRADE = ["upgrade", "arc", *(word for to in WORDS for word in ("--to", to))]


def killed(site: BuiltSite, once: str, *arguments: str) -> None:
    """kill -9 of pacsmith once it says so; it must not come to its end before."""
    argv = [sys.executable, "-m", "builder.cli.main", *arguments]
    work = subprocess.Popen(argv, cwd=site.folder, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert work.stderr is not None
    said = next((line for line in work.stderr if once in line), None)
    os.killpg(work.pid, signal.SIGKILL)
    work.wait()
    assert said is not None, f"it never said {once}"


def colleague(site: BuiltSite, folder: Path) -> BuiltSite:
    """The same site on another machine, which knows nothing of its upgrades."""
    shutil.copytree(site.folder, folder, symlinks=True)
    shutil.rmtree(folder / ".pacsmith/old/upgrades", ignore_errors=True)
    return BuiltSite(folder, site.name, {}, "")


def test_a_killed_upgrade_is_gone_on_with(old: BuiltSite, tmp_path: Path) -> None:
    """kill -9 of pacsmith while the database is on its way: nobody builds the host meanwhile, --resume ends upgraded;
    by hand it goes back."""
    before = manifest(old)
    killed(old, "Exchange the systems, and boot: changed", *UPGRADE)
    refused = old.pacsmith(*UPGRADE)
    assert refused.returncode == 1
    assert "--resume" in refused.stderr
    elsewhere = colleague(old, tmp_path / "other").pacsmith("build", "--site", "old")
    assert elsewhere.returncode == 4, elsewhere.stdout + elsewhere.stderr
    assert "the doors of arc are closed: its upgrade by run " in elsewhere.stderr
    resumed = old.pacsmith("upgrade", "arc", "--resume")
    assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    assert versions(old) == NEW
    assert differences(before, manifest(old)) == ()
    back = old.pacsmith("rollback", "arc")
    assert back.returncode == 0, back.stderr
    assert differences(before, manifest(old)) == ()
    stands_as_before(old)


def test_all_three_at_once_and_back_by_hand(old: BuiltSite) -> None:
    before = manifest(old)
    result = upgraded(old)
    assert result.outcome == "accepted", result.why
    assert versions(old) == NEW
    after = nothing_lost(old, before, result)
    assert result.outage is not None
    print(f"outage {result.outage.seconds} s as {result.outage.seen_by} saw it; {result.seconds}")
    back = old.pacsmith("rollback", "arc")
    assert back.returncode == 0, back.stderr
    assert differences(after, manifest(old)) == ()
    stands_as_before(old)
    assert (old.folder / "inventory/old/site.yml").read_text() == (SITES / "upgrade.yml").read_text()


def test_one_after_the_other_and_back_step_by_step(old: BuiltSite) -> None:
    """Debian alone keeps Orthanc and PostgreSQL of the release before; then each of them alone; then all the way
    back."""
    before = manifest(old)
    steps = [("debian-13", ("trixie", "1.10.1", "15")), ("postgresql=17", ("trixie", "1.10.1", "17")),
             ("orthanc=1.12.7", NEW)]  # fmt: skip
    for word, there in steps:
        done = old.pacsmith("upgrade", "arc", "--to", word)
        assert done.returncode == 0, done.stdout + done.stderr
        assert versions(old) == there
        assert differences(before, manifest(old)) == ()
    again = old.pacsmith("build", "--site", "old")
    assert "arc: 0 changed" in again.stdout, again.stdout
    for there in (steps[1][1], steps[0][1], OLD):
        back = old.pacsmith("rollback", "arc")
        assert back.returncode == 0, back.stdout + back.stderr
        assert versions(old) == there
    assert differences(before, manifest(old)) == ()
    stands_as_before(old)


@contextmanager
def in_production(site: BuiltSite, more: str) -> Iterator[None]:
    """The archive in stage production, built so, with `more` in the site file; then as it was."""
    file = site.folder / "inventory/old/site.yml"
    was = file.read_text()
    file.write_text(was.replace("    class: archive\n", "    class: archive\n    stage: production\n") + more)
    try:
        run_steps(site, ["build", "--site", "old"])
        on(site, "systemctl start pacsmith-backup.service")()
        yield
    finally:
        file.write_text(was)
    run_steps(site, ["build", "--site", "old"])
    stands_as_before(site)


def test_a_production_host_wants_a_rehearsal_and_a_second_person(old: BuiltSite) -> None:
    with in_production(old, "upgrades: {two_persons: true}\n"):
        before = manifest(old)
        refused = old.pacsmith(*UPGRADE)
        assert refused.returncode == 1
        assert "was not accepted on a test host of class archive within 14 days" in refused.stderr
        tried = old.pacsmith(*UPGRADE, "--rehearse", timeout=1800)
        assert tried.returncode == 0, tried.stdout + tried.stderr
        kept = re.search(r"arc's copy keeps ([0-9]+) instances", tried.stdout)
        assert kept is not None
        assert int(kept[1]) >= len(before.instances), "the lab's copy does not hold what the backup has"
        assert not (old.folder / ".pacsmith/old-rehearsal").exists()
        assert versions(old) == OLD
        alone = old.pacsmith(*UPGRADE)
        assert "upgrades of this site want a second person" in alone.stderr
        planned = old.pacsmith(*UPGRADE, "--plan")
        assert planned.returncode == 1, "as things are it would be refused"
        assert (
            "refused as things are: nothing was changed: upgrades of this site want a second person" in planned.stdout
        )
        assert "the rehearsal's own timings" in planned.stdout
        digest = re.search(r"change set ([0-9a-f]{64})", planned.stdout)
        assert digest is not None
        grace = BuiltSite(old.folder, "old", {"SUDO_USER": "grace"}, "")
        approved = grace.pacsmith("approve", "arc", digest[1][:12])
        assert approved.returncode == 0, approved.stderr
        done = old.pacsmith(*UPGRADE)
        assert done.returncode == 0, done.stdout + done.stderr
        assert versions(old) == NEW
        assert differences(before, manifest(old)) == ()
        back = old.pacsmith("rollback", "arc")
        assert back.returncode == 0, back.stderr


def test_a_production_host_that_lacks_no_update_is_left_alone(old: BuiltSite) -> None:
    with in_production(old, ""):
        newest = "sudo apt-get -q update && sudo DEBIAN_FRONTEND=noninteractive apt-get -q -y --with-new-pkgs upgrade"
        brought = old.on("arc", newest, timeout=600)
        assert brought.returncode == 0, brought.stdout + brought.stderr
        run_steps(old, ["upgrade", "arc", "--to", "security", "--rehearse"])
        done = old.pacsmith("upgrade", "arc", "--to", "security")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "arc: no update is left to install; nothing was changed" in done.stdout.splitlines()
        assert "Close the doors" not in done.stderr
