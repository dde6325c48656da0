"""The rules of an upgrade that need no host: rehearsal, approval, preflight, the estimate, what a modality writes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from builder.assess import preflight as judge
from builder.assess.estimate import PLAIN_SECONDS, RELEASE_SECONDS, estimate
from builder.load.site import load_site
from builder.models.run import Run
from builder.models.upgrade import Change, ChangeSet, Check, Timings
from builder.probes.stream import read_stream, wrongly_kept
from builder.wayback.reading import disks
from builder.workflows.preflight import nothing_left
from builder.workflows.rehearsed import CHANGE_SET, approval, rehearsal

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
SITE = load_site(Path(__file__).parents[1] / "lab/sites/upgrade.yml").value
TEST = SITE.hosts[0].model_copy(update={"name": "trial", "stage": "test"})
ARC = SITE.hosts[0].model_copy(update={"stage": "production"})
BOTH = SITE.model_copy(update={"hosts": (ARC, TEST)})
CHANGES = ChangeSet(changes=(Change(part="database", name="postgresql", was="15", to="17"),), inputs={"roles/a": "1"})


def run(
    *, host: str = "trial", who: str = "ada", days: int = 1, digest: str = CHANGES.digest, verb: str = "upgrade"
) -> Run:
    began = NOW - timedelta(days=days)
    return Run(
        id=f"{days}-{host}", verb=verb, site="old", hosts=(host,), who=who, started=began, outcome="accepted",
        tool_version="1", inputs={CHANGE_SET: digest},
    )  # fmt: skip


UPDATES = Change(part="security", name="security", was="debian 12 as installed", to="the newest")


@pytest.mark.parametrize(
    ("stage", "more", "packages", "left_alone"),
    [
        ("production", (), 0, True),
        ("production", (), 3, False),
        ("production", (), None, False),
        ("production", CHANGES.changes, 0, False),
        ("test", (), 0, False),
    ],
)
def test_a_production_host_without_an_update_left_is_left_alone(
    stage: str, more: tuple[Change, ...], packages: int | None, left_alone: bool
) -> None:
    host = ARC.model_copy(update={"stage": stage})
    assert nothing_left(host, ChangeSet(changes=(UPDATES, *more), inputs={}), packages) is left_alone


def test_a_rehearsal_counts_on_a_test_host_of_the_class_for_so_many_days() -> None:
    assert rehearsal(BOTH, ARC, CHANGES, [run()], NOW) == run()
    assert rehearsal(BOTH, ARC, CHANGES, [run(days=15)], NOW) is None
    assert rehearsal(BOTH, ARC, CHANGES, [run(host="arc")], NOW) is None
    assert rehearsal(BOTH, ARC, CHANGES, [run(digest="another")], NOW) is None
    longer = BOTH.model_copy(update={"upgrades": BOTH.upgrades.model_copy(update={"rehearsed_within_days": 30})})
    assert rehearsal(longer, ARC, CHANGES, [run(days=15)], NOW) is not None


def test_other_roles_or_versions_are_another_change_set() -> None:
    other = CHANGES.model_copy(update={"inputs": {"roles/a": "2"}})
    assert other.digest != CHANGES.digest
    assert ChangeSet(changes=(), inputs={"roles/a": "1"}).digest != CHANGES.digest


def test_an_approval_is_another_persons() -> None:
    own = run(who="grace", verb="upgrade")
    oldest = NOW - timedelta(days=14)
    assert approval(own, CHANGES, [run(who="grace", verb="approve")], oldest) is None
    assert approval(own, CHANGES, [run(who="ada", verb="approve", digest="another")], oldest) is None
    assert approval(own, CHANGES, [run(who="ada", verb="approve", host="another")], oldest) is None
    assert approval(own, CHANGES, [run(who="ada", verb="approve", days=15)], oldest) is None
    assert approval(own, CHANGES, [run(who="ada", verb="approve")], oldest) is not None


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        (judge.room((judge.Room(("/",), 25, 27),)), "short"),
        (judge.left_out(""), "met"),
        (judge.left_out("/var/lib/postgresql"), "short"),
        (judge.left_out(None), "unknown"),
        (judge.window(NOW + timedelta(hours=1), NOW, None), "unknown"),
        (judge.room((judge.Room(("/",), 25, 28),)), "met"),
        (judge.room((judge.Room(("/",), 25, 28), judge.Room(("/images",), 10, 10))), "short"),
        (judge.room(None), "unknown"),
        (judge.backup('{"result": "ok", "at": "2026-11-22T02:00:00+00:00"}', NOW), "met"),
        (judge.backup('{"result": "ok", "at": "2026-11-21T02:00:00+00:00"}', NOW), "short"),
        (judge.backup('{"result": "failed", "at": "2026-11-22T02:00:00+00:00"}', NOW), "short"),
        (judge.backup("", NOW), "unknown"),
        (judge.restorable('{"result": "ok", "at": "2026-11-22T20:00:05+00:00"}', NOW, 0), "met"),
        (judge.restorable('{"result": "ok", "at": "2026-11-22T19:59:59+00:00"}', NOW, 0), "unknown"),
        (judge.quiet(0, 0, 0), "met"),
        (judge.quiet(1, 0, 0), "short"),
        (judge.quiet(0, None, 0), "unknown"),
        (judge.certificate(NOW + timedelta(days=7), NOW), "met"),
        (judge.certificate(NOW + timedelta(days=6), NOW), "short"),
        (judge.certificate(None, NOW), "unknown"),
        (judge.window(NOW + timedelta(seconds=600), NOW, 300), "met"),
        (judge.window(NOW + timedelta(seconds=599), NOW, 300), "short"),
        (judge.window(None, NOW, 300), "met"),
    ],
)
def test_preflight_says_met_only_of_what_is_known_and_enough(check: Check, verdict: str) -> None:
    assert check.verdict == verdict
    assert bool(check.remedy) == (verdict != "met")


def test_room_is_reckoned_disk_by_disk() -> None:
    wanted = {"/copy": 20, "/": 3, "/database": 10}
    one = judge.rooms(wanted, {"/copy": ("1", 50), "/": ("1", 50), "/database": ("2", 9), "/else": ("3", 0)})
    assert one == (judge.Room(("/copy", "/"), 23, 50), judge.Room(("/database",), 10, 9))
    said = judge.room(one)
    assert said.verdict == "short"
    assert "for /database" in said.observed
    assert judge.rooms(wanted, {"/copy": ("1", 50), "/": ("1", 50)}) is None


def test_what_a_host_says_of_its_disks_is_read_whole_or_not_at_all() -> None:
    assert disks("/ 65025 1000\n/var/lib/postgresql 65026 5") == {
        "/": ("65025", 1000),
        "/var/lib/postgresql": ("65026", 5),
    }
    assert disks("/ 65025 -") is None


def test_the_estimate_grows_with_what_the_archive_keeps() -> None:
    plain = estimate(0, 0, None, release=False, new_database=False)
    assert plain.seconds == PLAIN_SECONDS
    release = estimate(6 * 10**9, 10**9, None, release=True, new_database=True)
    assert release.seconds == pytest.approx(RELEASE_SECONDS + 2 * 100 + 16.7, abs=0.1)
    assert "rehearsal" in release.rests_on


def test_an_estimate_from_a_rehearsal_scales_what_reads_the_images_and_no_more() -> None:
    took = Timings(closed=150, manifests=10, database=20, stored_bytes=10**9, database_bytes=10**8)
    alike = estimate(10**9, 10**8, took, release=True, new_database=True)
    assert alike.seconds == pytest.approx(150)
    larger = estimate(4 * 10**9, 10**8, took, release=True, new_database=True)
    assert larger.seconds == pytest.approx(180)
    smaller = estimate(10**8, 10**7, took, release=True, new_database=True)
    assert smaller.seconds == pytest.approx(150)


LOG = """\
100.000 made 1.2.1
100.100 taken 1.2.1
101.000 made 1.2.2
101.050 refused 1.2.2
102.000 made 1.2.3
102.050 refused 1.2.2
103.500 taken 1.2.2
103.600 taken 1.2.3
104.000 made 1.2.4
104.1"""


def test_a_modality_s_log_gives_the_outage_and_what_was_never_taken() -> None:
    stream = read_stream(LOG)
    assert stream.outages == ((101.05, 103.5),)
    assert stream.outage == pytest.approx(2.45)
    assert stream.left == ("1.2.4",)
    assert wrongly_kept(stream, ["1.2.1", "1.2.2", "1.2.3"]) == ()
    assert wrongly_kept(stream, ["1.2.1", "1.2.2", "1.2.2"]) == ("1.2.2", "1.2.3")


def test_an_outage_that_never_ended_is_no_short_one() -> None:
    assert read_stream("1.000 made 1.2\n1.100 refused 1.2\n").outage == float("inf")
