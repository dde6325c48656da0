"""What a plan costs those who work with the machines, in the words of the field."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from builder.assess.interrupted import Measured, away, interrupts
from builder.inventory import build_inventory
from builder.inventory.outage import about, outages, reboot_of
from builder.models.event import Event
from builder.models.interruption import Interruption
from builder.models.plan import PlannedStep, Reboot
from builder.models.site import Host, Site
from tests.unit.site_parts import hospital, host, peer, site_of

RESTART = "# systemctl restart orthanc.service"
ORTHANC = Interruption(step="Orthanc runs", stops=("dicom", "web"), until="Orthanc answers", seconds=4, source="a lab")
DATABASE = Interruption(
    step="PostgreSQL runs", stops=("dicom", "web"), until="Orthanc answers", seconds=8, source="a lab"
)
DOOR = Interruption(step="nginx runs", stops=("web",), seconds=1, source="a lab")
SCREEN = Interruption(step="Restart the screen", stops=("screen",), seconds=8, source="a lab")
KNOWN = (DATABASE, ORTHANC, DOOR, SCREEN)


def step(name: str, changes: bool | None = True, diff: str | None = None) -> PlannedStep:
    return PlannedStep(role="archive", step=name, changes=changes, diff=diff)


def of(site: Site, name: str) -> Host:
    found = site.end(name)
    assert isinstance(found, Host)
    return found


def unmeasured(_: object) -> None:
    return None


def sentences(site: Site, name: str, *steps: PlannedStep) -> list[str]:
    return [one.sentence for one in outages(site, of(site, name), steps, KNOWN, unmeasured)]


def test_the_sentence_of_the_issue() -> None:
    """AE ARC1 stops answering for about 20 s; READ01 and READ02 lose retrieval."""
    site = site_of(
        [host(1)],
        peers=[peer("read01", "10.9.1.1", kind="workstation", modality=None),
               peer("read02", "10.9.1.2", kind="workstation", modality=None)],
        routes=[{"from": name, "to": "arc1", "may": ["find", "move"]} for name in ("read01", "read02")]
        + [{"from": "arc1", "to": name, "may": ["store"]} for name in ("read01", "read02")],
    )  # fmt: skip
    slow = ORTHANC.model_copy(update={"seconds": 18.2})
    found = outages(site, of(site, "arc1"), [step("Orthanc runs", diff=RESTART)], [slow], unmeasured)
    assert [one.sentence for one in found] == [
        "AE ARC1 stops answering for about 20 s; READ01 and READ02 lose retrieval"
    ]
    assert found[0].source == "a lab"


def test_the_hospital_hears_of_senders_worklists_and_clients_of_the_web_door() -> None:
    assert sentences(hospital(), "archive01", step("Orthanc runs", diff=RESTART)) == [
        "AE BRIGID_ARC stops answering for about 4 s; BRIGID_READ1, BRIGID_READ2 and ward01 lose retrieval; "
        "BRIGID_CT1 and BRIGID_READ1 cannot send; BRIGID_CT1 gets no worklist"
    ]


def test_the_web_door_alone_takes_nothing_from_dicom() -> None:
    told = sentences(hospital(), "archive01", step("nginx runs", diff="# systemctl restart nginx.service"))
    assert told == [
        "the web door of archive01 stops answering for about 1 s; BRIGID_READ1 and ward01 lose retrieval; "
        "BRIGID_READ1 cannot send"
    ]


def test_several_steps_of_one_service_are_one_outage_with_the_longest_time() -> None:
    found = outages(
        hospital(), of(hospital(), "archive01"), [step("PostgreSQL runs"), step("Orthanc runs", diff=RESTART)], KNOWN,
        unmeasured,
    )  # fmt: skip
    assert [(one.steps, one.seconds) for one in found] == [(("PostgreSQL runs", "Orthanc runs"), 8)]


@pytest.mark.parametrize(
    "one",
    [
        step("Orthanc runs", diff="# systemctl start orthanc.service"),
        step("Orthanc runs", diff="# systemctl enable --quiet orthanc.service"),
        step("Orthanc runs", changes=False),
        step("Orthanc runs", changes=None),
        step("Orthanc settings, rights of each AE"),
    ],
    ids=["it is down already", "only at the next boot", "nothing to do", "nobody knows", "only files"],
)
def test_what_takes_nothing_away_is_no_outage(one: PlannedStep) -> None:
    assert sentences(hospital(), "archive01", one) == []


def test_an_archive_that_only_sends_on_leaves_its_targets_without() -> None:
    site = site_of(
        [host(1)],
        peers=[peer("vna", "10.9.1.1", kind="archive", modality=None)],
        routes=[{"from": "arc1", "to": "vna", "may": ["store"]}],
    )
    assert sentences(site, "arc1", step("Orthanc runs", diff=RESTART)) == [
        "AE ARC1 stops answering for about 4 s; VNA is sent nothing"
    ]


def test_a_screen_is_a_person_s_work() -> None:
    assert sentences(hospital(), "read02", step("Restart the screen")) == [
        "the screen of read02 goes dark for about 8 s; what is open there is closed"
    ]


def test_a_station_s_viewer_is_its_ae_too() -> None:
    viewer = Interruption(step="Restart the viewer", stops=("dicom", "screen"), seconds=7, source="a lab")
    station = host(2, **{"class": "workstation", "archive": None})
    site = site_of([host(1), station], routes=[{"from": "arc1", "to": "arc2", "may": ["store"]}])
    (found,) = outages(site, of(site, "arc2"), [step("Restart the viewer")], [viewer], unmeasured)
    assert found.sentence == (
        "AE ARC2 stops answering and its screen goes dark for about 7 s; what is open there is closed; ARC1 cannot send"
    )


def test_a_measurement_of_the_host_itself_counts_before_the_role_s_own() -> None:
    found = outages(
        hospital(), of(hospital(), "archive01"), [step("Orthanc runs", diff=RESTART)], KNOWN,
        lambda steps: Measured(31.0, "20261101T0200-abc") if [one.step for one in steps] == ["Orthanc runs"] else None,
    )  # fmt: skip
    assert found[0].seconds == 31.0
    assert found[0].source == "measured on archive01 in run 20261101T0200-abc"
    assert "for about 35 s" in found[0].sentence


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "about a second"), (1, "about 1 s"), (3.1, "about 4 s"), (11, "about 15 s"), (61, "about 65 s"),
     (121, "about 3 min")],
)  # fmt: skip
def test_an_estimate_is_never_less_than_what_was_measured(seconds: float, said: str) -> None:
    assert about(seconds) == said


def test_what_is_named_as_an_interruption_is_a_step_of_its_role() -> None:
    """A step that is renamed would silently cost nobody anything any more."""
    inventory = build_inventory(hospital())
    known = {
        (role.role, one.step, one.end)
        for machine in inventory.machines
        for role in machine.roles
        for one in getattr(type(role.variables), "interruptions", ())
    }
    assert {role for role, _, _ in known} == {"archive", "workstation", "thin_client"}
    for role, *names in known:
        for name in names:
            assert any(f'"{name}"' in text or f"name: {name}\n" in text or f'= "{name}"' in text
                       for text in sources(role)), (role, name)  # fmt: skip


def sources(role: str) -> list[str]:
    from pathlib import Path  # noqa: PLC0415 - one use

    folder = Path(__file__).resolve().parents[2] / "roles" / role
    files = [folder / "deploy.py", *folder.glob("handlers/*.yml"), *folder.glob("tasks/*.yml")]
    return [file.read_text(encoding="utf-8") for file in files if file.is_file()]


def events(*said: tuple[float, str, str, str | None]) -> list[Event]:
    """(second, step, status, diff) of archive01."""
    start = datetime(2026, 11, 22, 2, tzinfo=UTC)
    return [
        Event(run="r1", at=start + timedelta(seconds=at), host="archive01", role="archive", step=name,
              status=status, diff=diff)
        for at, name, status, diff in said
    ]  # fmt: skip


WHOLE: tuple[Any, ...] = (
    (0.0, "Orthanc settings, rights of each AE", "started", None),
    (1.0, "Orthanc settings, rights of each AE", "changed", "--- a"),
    (5.0, "Orthanc runs", "started", None),
    (7.0, "Orthanc runs", "changed", RESTART),
    (7.0, "Orthanc answers", "started", None),
    (9.5, "Orthanc answers", "ok", None),
)


def test_an_outage_of_an_earlier_run_is_from_the_restart_to_the_answer() -> None:
    assert away(events(*WHOLE), "archive01", [ORTHANC]) == 4.5
    assert away(events(*WHOLE), "other", [ORTHANC]) is None


def test_a_run_that_restarted_nothing_or_failed_measures_nothing() -> None:
    idle = (*WHOLE[:2], (5.0, "Orthanc runs", "started", None), (5.1, "Orthanc runs", "ok", None), *WHOLE[4:])
    failed = (*WHOLE[:5], (9.5, "Orthanc answers", "failed", None))
    assert away(events(*idle), "archive01", [ORTHANC]) is None
    assert away(events(*failed), "archive01", [ORTHANC]) is None
    assert away(events(*WHOLE[:5]), "archive01", [ORTHANC]) is None


def test_a_database_that_was_restarted_first_began_the_outage() -> None:
    earlier = ((2.0, "PostgreSQL runs", "started", None), (4.0, "PostgreSQL runs", "changed", None))
    assert away(events(*WHOLE[:2], *earlier, *WHOLE[2:]), "archive01", [DATABASE, ORTHANC]) == 7.5


def test_a_start_is_no_interruption() -> None:
    assert interrupts("# systemctl restart a.service\n# systemctl enable --quiet b.service")
    assert not interrupts("# systemctl start a.service")
    assert interrupts(None), "a command that names no unit may be one"


# a reboot that a plan announces

PACKAGES = PlannedStep(
    role="system", step="Install the packages of all roles", changes=True, diff="+ linux-image-amd64"
)


def rebooted(
    *, lets: bool = True, why: tuple[str, ...] = (), steps: tuple[PlannedStep, ...] = (), serves: bool = True,
    took: float | None = None,
) -> Reboot | None:  # fmt: skip
    nights = [{"name": "nights", "days": ["sun"], "start": "22:00", "end": "04:00", "reboot": lets}]
    routes = [{"from": "read01", "to": "arc1", "may": ["find", "move"]}]
    station = peer("read01", "10.9.1.1", kind="workstation", modality=None)
    site = site_of([host(1)], peers=[station], routes=routes, windows=nights)
    return reboot_of(site, of(site, "arc1"), steps, why, lambda: took, serves=lambda: serves)


def test_a_reboot_that_is_due_is_announced_with_who_loses_what() -> None:
    found = rebooted(why=("kernel 6.12.9 is installed, and 6.12.1 runs",), took=51.0)
    assert found is not None
    assert found.sentence == (
        "arc1 may be booted anew in an open window (nights): kernel 6.12.9 is installed, and 6.12.1 runs; AE ARC1 does "
        "not answer for about 55 s; READ01 loses retrieval"
    )
    assert (found.allowed, found.seconds) == (True, 51.0)


def test_packages_may_ask_for_one() -> None:
    found = rebooted(steps=(step("Orthanc runs"), PACKAGES))
    assert found is not None
    assert found.sentence.endswith(
        "if packages that are installed ask for it; AE ARC1 does not answer until it is up again; "
        "READ01 loses retrieval"
    )


def test_of_a_host_that_was_never_accepted_nobody_knows_who_loses_what() -> None:
    found = rebooted(why=("a new kernel",), serves=False)
    assert found is not None
    assert found.losses == ()
    assert found.sentence.endswith("AE ARC1 does not answer until it is up again")


def test_where_no_window_lets_a_build_do_it_somebody_must() -> None:
    found = rebooted(lets=False, why=("a new kernel",))
    assert found is not None
    assert found.allowed is False
    assert found.sentence == (
        "arc1 must be booted anew (a new kernel), and no window of the site file that says `reboot: true` lets a build "
        "do it"
    )
    assert rebooted(lets=False, steps=(PACKAGES,)) is None, "nothing is due, and none will be made"


@pytest.mark.parametrize("steps", [(), (step("Orthanc runs", diff=RESTART),)])
def test_where_nothing_asks_for_a_reboot_none_is_announced(steps: tuple[PlannedStep, ...]) -> None:
    assert rebooted(steps=steps) is None
