"""What differs from what was accepted, what it is about, who moved and since when; unknown is never as accepted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from builder.assess.concern import of_fact, of_step
from builder.assess.drifted import ABSENT, Compared, facts_drifted, requirements_drifted, steps_done, steps_drifted
from builder.assess.traced import traced
from builder.engines.files import HIDDEN
from builder.models.drift import CONCERNS, Concern, Difference, HostDrift, LastReading, SiteDrift, Unseen
from builder.models.fact import Fact
from builder.models.finding import Finding, Lack
from builder.models.plan import PlannedStep
from builder.report.drift import host_lines, said, since
from builder.workflows.replay import causes, doubts
from tests.unit.drift_sample import ACCEPTED, BEFORE, NOW, PACKAGE, PANEL, RIGHTS, drift_sample


def facts(**values: Any) -> dict[str, Fact]:
    """Facts by name (`__` for a dot, `_` stays): a value, None for absent, an exception for one that was not read."""
    found = {}
    for key, value in values.items():
        name = key.replace("__", ".")
        if isinstance(value, Exception):
            found[name] = Fact(name=name, error=str(value), command="c")
        elif value is None:
            found[name] = Fact(name=name, absent=True, command="c")
        else:
            found[name] = Fact(name=name, value=value, command="c")
    return found


def told(compared: Compared) -> list[tuple[str, str, str]]:
    return [(one.subject, one.accepted, one.now) for one in compared.differences]


def test_the_same_facts_are_no_drift() -> None:
    its = facts(package__nginx="1.26", service__ssh__state="active", systemd__failed=None)
    assert facts_drifted("a", its, its) == Compared(3, (), ())


def test_a_changed_fact_names_both_values() -> None:
    then = facts(package__nginx="1.26", systemd__failed=None, os__kernel="6.12")
    now = facts(package__nginx=None, systemd__failed="orthanc.service", os__kernel="6.12")
    assert told(facts_drifted("a", then, now)) == [
        ("package.nginx", "1.26", ABSENT),
        ("systemd.failed", ABSENT, "orthanc.service"),
    ]


def test_a_fact_that_cannot_be_read_now_is_unknown_and_never_the_same() -> None:
    then = facts(gpu__driver="535.1", os__id="debian")
    compared = facts_drifted("a", then, facts(gpu__driver=OSError("nvidia-smi: not found")))
    assert compared.differences == ()
    assert [(one.subject, one.why) for one in compared.unseen] == [
        ("gpu.driver", "nvidia-smi: not found"),
        ("os.id", "nobody asks for it any more"),
    ]


def test_what_was_not_known_then_is_nothing_to_compare_with() -> None:
    then = facts(gpu__driver=OSError("not found"))
    assert facts_drifted("a", then, facts(gpu__driver="535.1")) == Compared(0, (), ())


@pytest.mark.parametrize(
    "name", ["clock.offset", "disk.storage.free", "drives.sda.hours", "orthanc.memory", "network.archive.latency"]
)
def test_a_measurement_of_a_moment_is_no_drift(name: str) -> None:
    def one(value: int) -> dict[str, Fact]:
        return {name: Fact(name=name, value=value, command="c")}

    assert facts_drifted("a", one(1), one(2)) == Compared(0, (), ())


def test_a_port_that_is_new_is_drift_and_a_fact_that_pacsmith_learned_is_not() -> None:
    compared = facts_drifted(
        "a", facts(os__id="debian"), facts(os__id="debian", port__tcp__23="telnetd", cpu__model="x")
    )
    assert told(compared) == [("port.tcp.23", ABSENT, "telnetd")]
    assert compared.differences[0].concern == "AE table and routes"


def panel(serial: str) -> dict[str, Fact]:
    its = {"maker": "EIZ", "product": "2334", "serial": serial, "made": f"week {serial}", "name": f"RX{serial}"}
    return {f"displays.DP-1.{what}": Fact(name=f"displays.DP-1.{what}", value=value, command="c")
            for what, value in its.items()}  # fmt: skip


def test_a_display_that_was_swapped_is_one_thing_and_one_that_was_taken_away_too() -> None:
    def swap(then: dict[str, Fact], now: dict[str, Fact]) -> list[tuple[str, str, str]]:
        return told(facts_drifted("a", then, now))

    assert [subject for subject, _, _ in swap(panel("1"), panel("2"))] == ["displays.DP-1.serial", "displays.DP-1.made",
                                                                          "displays.DP-1.name"]  # fmt: skip
    (gone,) = swap(panel("1"), {})
    assert gone == ("displays.DP-1", "made week 1, maker EIZ, name RX1, product 2334, serial 1", ABSENT)
    (new,) = swap({}, panel("1"))
    assert new == ("displays.DP-1", ABSENT, "made week 1, maker EIZ, name RX1, product 2334, serial 1")


@pytest.mark.parametrize(
    ("name", "concern"),
    [
        ("orthanc.config.DicomAet", "AE table and routes"), ("port.tcp.104", "AE table and routes"),
        ("gpu.driver", "driver"), ("package.nvidia-driver", "driver"), ("displays.DP-1.serial", "display order"),
        ("displays.DP-1.gsdf.deviation", "grey calibration"), ("display.calibration.current", "grey calibration"),
        ("service.orthanc.state", "services"), ("package.nginx", "packages"), ("os.kernel", "packages"),
        ("memory.total", "machine"),
    ],
)  # fmt: skip
def test_what_a_fact_is_about(name: str, concern: Concern) -> None:
    assert of_fact(name) == concern


@pytest.mark.parametrize(
    ("step", "diff", "concern"),
    [
        ("Orthanc settings, rights of each AE", "--- /etc/orthanc/orthanc.json\n+++ /etc/orthanc/orthanc.json\n+1",
         "AE table and routes"),
        ("nginx settings, users and certificate", "--- /etc/nginx/tls/certificate.pem\n+++ x\n", "certificates"),
        ("nginx settings, users and certificate", "--- /etc/nginx/nginx.conf\n+++ /etc/nginx/nginx.conf\n",
         "AE table and routes"),
        ("Write the firewall's rules", "# /etc/nftables.conf: 644 root root -> 755 root root", "AE table and routes"),
        ("Load the firewall", None, "AE table and routes"),
        ("Trust the site CA", None, "certificates"),
        ("X server, its settings and unit", "--- /dev/null\n+++ /etc/pacsmith/displays.json\n+a", "display order"),
        ("Orthanc runs", "# systemctl start orthanc.service", "services"),
        ("Install the packages of all roles", "+ nginx\n+ restic", "packages"),
        ("Configure chrony", "--- /etc/chrony/chrony.conf\n+++ /etc/chrony/chrony.conf\n-a\n+b", "files"),
        ("PostgreSQL runs", None, "services"),
    ],
)  # fmt: skip
def test_what_a_step_is_about(step: str, diff: str | None, concern: Concern) -> None:
    assert of_step(step, diff) == concern


def step(name: str, changes: bool | None = True, diff: str | None = "--- /etc/a\n-x\n+y") -> PlannedStep:
    return PlannedStep(role="r", step=name, changes=changes, diff=diff if changes else None)


def test_steps_that_would_change_something_differ_and_those_nobody_can_judge_are_not_counted_as_seen() -> None:
    compared = steps_drifted("a", [step("one"), step("two", False), step("three", None)], {}, "corrective")
    assert compared.number == 2
    assert [(one.subject, one.now) for one in compared.differences] == [("r: one", "has x")]


@pytest.mark.parametrize(
    ("diff", "now"),
    [
        ("--- a\n+++ a\n@@ -1,2 +1,2 @@\n same\n-  x\n+  y", "has x"),
        ("--- a\n+++ a\n-}\n-  x\n-  z\n+  y", "has x (and 2 more lines)"),
        ("--- /dev/null\n+++ a\n@@ -0,0 +1 @@\n+y", "lacks y"),
        (
            "# systemctl start chrony\n# systemctl enable chrony",
            "a build would: systemctl start chrony (and 1 more line)",
        ),
        (f"--- a\n+++ a\n{HIDDEN}", HIDDEN),
        (None, "a build would do it again"),
    ],
)
def test_what_is_there_now_is_said_in_a_line(diff: str | None, now: str) -> None:
    (one,) = steps_drifted("a", [step("one", diff=diff)], {}, "corrective").differences
    assert one.now == now


def test_who_moved_follows_from_a_dry_run_with_the_accepted_variables() -> None:
    now = [step("hand"), step("site"), step("both"), step("idle", False)]
    then = [step("hand"), step("site", False), step("both", diff="--- /etc/a\n-x\n+z"), step("idle", False)]
    found = causes(now, then)
    assert found == {("r", "hand"): "corrective", ("r", "site"): "intended", ("r", "both"): "both"}
    compared = steps_drifted("a", now, causes(now, None), "undecided")
    assert {one.cause for one in compared.differences} == {"undecided"}


def test_a_secret_or_a_renewed_certificate_may_have_moved_without_anybody_at_the_machine() -> None:
    secret = step("users", diff=f"--- /etc/users\n+++ /etc/users\n{HIDDEN}")
    chain = step("certificate", diff="--- /etc/nginx/tls/certificate.pem\n+++ /etc/nginx/tls/certificate.pem\n-a\n+b")
    its = [secret, chain, step("plain")]
    assert doubts(its, renewed=False) == {("r", "users"): "undecided"}
    assert doubts(its, renewed=True) == {("r", "users"): "undecided", ("r", "certificate"): "due"}


def difference(subject: str, **changes: Any) -> Difference:
    base = {"host": "a", "kind": "fact", "subject": subject, "concern": "packages", "cause": "corrective",
            "accepted": "1", "now": "2"}  # fmt: skip
    return Difference.model_validate(base | changes)


def test_since_when_is_told_from_one_reading_to_the_next() -> None:
    hour = timedelta(hours=1)
    first, trace = traced([difference("one")], None, ACCEPTED, NOW)
    assert [(one.after, one.seen) for one in first] == [(ACCEPTED, NOW)]
    second, trace = traced([difference("one"), difference("two")], trace, ACCEPTED, NOW + hour)
    assert [(one.after, one.seen) for one in second] == [(ACCEPTED, NOW), (NOW, NOW + hour)]
    third, trace = traced([], trace, ACCEPTED, NOW + 2 * hour)
    assert third == ()
    again, _ = traced([difference("one")], trace, ACCEPTED, NOW + 3 * hour)
    assert [(one.after, one.seen) for one in again] == [(NOW + 2 * hour, NOW + 3 * hour)], "it had been mended"


def test_what_a_reading_could_not_tell_is_remembered() -> None:
    stuck = difference("r: one", kind="step")
    _, trace = traced([stuck], None, ACCEPTED, BEFORE)
    _, trace = traced([], trace, ACCEPTED, NOW, untold={"step"})
    told_again, _ = traced([stuck], trace, ACCEPTED, NOW + timedelta(hours=1))
    assert told_again[0].seen == BEFORE


@pytest.mark.parametrize("name", ["step", "r: one"])
def test_of_what_the_last_reading_could_not_tell_it_does_not_say_that_it_was_not_there(name: str) -> None:
    """Neither a reading whose roles failed, nor one of which this step could not be judged, has seen it in order."""
    _, trace = traced([], None, ACCEPTED, BEFORE)
    for hours in range(2):
        _, trace = traced([], trace, ACCEPTED, NOW + timedelta(hours=hours), untold={name})
    (found,), _ = traced([difference("r: one", kind="step")], trace, ACCEPTED, NOW + timedelta(hours=3))
    assert (found.after, found.seen) == (BEFORE, NOW + timedelta(hours=3))
    (other,), _ = traced([difference("another")], trace, ACCEPTED, NOW + timedelta(hours=3))
    assert other.after == NOW + timedelta(hours=1)


def test_what_was_corrective_is_not_undecided_when_the_site_moves_later() -> None:
    _, trace = traced([difference("one"), difference("new", cause="undecided")], None, ACCEPTED, BEFORE)
    later, _ = traced(
        [difference("one", cause="undecided"), difference("new", cause="undecided")], trace, ACCEPTED, NOW
    )
    assert [one.cause for one in later] == ["corrective", "undecided"]


def test_a_trace_goes_through_the_ledger_s_json() -> None:
    _, trace = traced([difference("one")], None, None, datetime(2026, 11, 22, tzinfo=UTC))
    assert LastReading.model_validate(trace.model_dump(mode="json")) == trace


def finding(requirement: str, verdict: str, *lacking: str) -> Finding:
    lacks = tuple(Lack(fact=fact, here="a", asked="b") for fact in lacking)
    return Finding(product="orthanc", requirement=requirement, verdict=verdict, expected="8 GiB", observed="4 GiB",
                   sentence=f"it is {verdict}", source="s", lacks=lacks)  # fmt: skip


def test_a_requirement_that_was_met_and_is_short_now_is_drift() -> None:
    met = ("orthanc: ram", "orthanc: grey", "orthanc: gl")
    now = [finding("ram", "short", "memory.total"), finding("grey", "short", "display.calibration.current"),
           finding("gl", "unknown"), finding("other", "short", "cpu.cores")]  # fmt: skip
    compared = requirements_drifted("a", met, now, moved=False)
    assert compared.number == 3
    assert [(one.subject, one.concern, one.cause) for one in compared.differences] == [
        ("orthanc: ram", "machine", "corrective"),
        ("orthanc: grey", "grey calibration", "due"),
    ]
    assert [one.subject for one in compared.unseen] == ["orthanc: gl"]
    moved = requirements_drifted("a", met, now, moved=True)
    assert {one.cause for one in moved.differences} == {"undecided"}


def test_what_matters_to_patients_comes_first() -> None:
    assert [one.subject for one in drift_sample().differences] == [RIGHTS.subject, PANEL.subject, PACKAGE.subject]
    assert CONCERNS.index("AE table and routes") < CONCERNS.index("packages")


def host(**changes: Any) -> HostDrift:
    return HostDrift.model_validate({"host": "a", "accepted_run": "r", "accepted_at": ACCEPTED} | changes)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "as accepted"),
        ({"differences": (PACKAGE,)}, "drift"),
        ({"unseen": (Unseen(host="a", subject="x", why="y"),)}, "unknown"),
        ({"differences": (PACKAGE,), "unseen": (Unseen(host="a", subject="x", why="y"),)}, "drift"),
        ({"accepted_run": None}, "unknown"),
        ({"read": False}, "unreachable"),
        ({"blind": ("r: one",)}, "as accepted"),
    ],
)
def test_the_state_is_the_worst_that_can_be_said(changes: dict[str, Any], state: str) -> None:
    assert host(**changes).state == state


def test_unknown_is_said_to_be_no_absence_of_drift() -> None:
    lines = [line.plain for line in host_lines(drift_sample())]
    assert "read03     unreachable: whether it has drifted is unknown" in lines
    assert "           unknown: gpu.driver: nvidia-smi: not found" in lines
    lost = host(unseen=(Unseen(host="a", subject="x", why="y"),))
    assert said(lost).startswith("no difference found, but not all could be seen")
    assert "2 of which no reading can judge" in next(line for line in lines if line.startswith("read02"))


def test_since_is_shown_as_the_time_between_two_readings() -> None:
    assert since(RIGHTS) == "2026-11-22 09:00 to 10:00"
    assert since(PACKAGE) == "2026-11-01 20:00 to 2026-11-22 09:00"
    assert since(difference("x", seen=NOW)) == "seen 2026-11-22 10:00"
    assert since(difference("x")) == ""


def test_hosts_of_a_site_are_kept_in_their_order() -> None:
    found = SiteDrift(site="s", run="r", at=NOW, hosts=(host(host="b"), host(host="a")))
    assert [one.host for one in found.hosts] == ["b", "a"]


def test_what_was_done_and_never_accepted_is_drift() -> None:
    """A build that was cut off, or failed, has made a host what the site says now."""
    then = (PlannedStep(role="archive", step="Orthanc settings", changes=True, diff='-  "AllowGet": true'),
            PlannedStep(role="archive", step="nginx", changes=False))  # fmt: skip
    done = (PlannedStep(role="archive", step="Orthanc settings", changes=False),)
    found = steps_done("a", done, then)
    assert [(one.subject, one.cause) for one in found.differences] == [("archive: Orthanc settings", "intended")]
    assert "nobody has accepted it" in found.differences[0].now
    due = (PlannedStep(role="archive", step="Orthanc settings", changes=True),)
    assert steps_done("a", due, then).differences == ()
    assert steps_done("a", done, None).differences == ()
