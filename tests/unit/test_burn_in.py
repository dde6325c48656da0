"""A burn-in's pure parts: what is run, what tools and sensors said, and what follows from it."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.inventory import build_inventory
from builder.probes import burn_in_judge as judge
from builder.probes.burn_in_host import found, new_packages
from builder.probes.burn_in_load import (
    clean_script,
    disk_load,
    file_to_write,
    graphics_load,
    hold_script,
    memory_load,
    memory_to_test,
    processor_load,
    start_script,
)
from builder.probes.burn_in_result import DiskTest, Drawing, Stress, disk_result, drawing_result, stress_result
from builder.probes.burn_in_watch import Drive, Reading, Watch, drive_of, kernel_complaints, reading_of
from builder.survey.question import Reply
from builder.workflows.burn_in import disturbed
from tests.unit.site_parts import example

RECORDED = Path(__file__).parent / "recorded" / "burn_in"
GIB = 1 << 30


def recorded(name: str) -> str:
    return (RECORDED / name).read_text()


def said(text: str, code: int = 0) -> Reply:
    return Reply(code, text, "")


# what is run


@given(available=st.integers(0, 1 << 45), limit=st.none() | st.integers(0, 1 << 45), container=st.booleans())
def test_tested_memory_leaves_the_host_usable(available: int, limit: int | None, container: bool) -> None:
    size = memory_to_test(available, limit, container=container)
    most = available if limit is None else min(available, limit)
    assert size == 0 or (size <= most * 3 / 4 and most - size >= GIB and size >= 64 << 20)
    assert not container or size <= 256 << 20


def test_a_machine_with_room_is_tested_to_three_quarters() -> None:
    assert memory_to_test(16 * GIB, None, container=False) == 12 * GIB
    assert memory_to_test(GIB + (63 << 20), None, container=False) == 0


@given(st.integers(0, 1 << 50))
def test_the_disks_file_is_bounded(free: int) -> None:
    size = file_to_write(free)
    assert size == 0 or 64 << 20 <= size <= min(free // 10, GIB)


def test_the_scripts_are_shell() -> None:
    loads = [processor_load(60), memory_load(256 << 20, 2, 60), disk_load("/srv/cache", 64 << 20, 60),
             graphics_load(60, "/run/x/authority")]  # fmt: skip
    scripts = [
        clean_script(),
        hold_script("run-1", ["fio", "stress-ng"], "/srv/cache"),
        start_script(loads, "/srv/cache", 60),
        *(load.script for load in loads),
    ]
    for script in scripts:
        checked = subprocess.run(["sh", "-n"], input=script, text=True, capture_output=True, check=False)
        assert checked.returncode == 0, f"{checked.stderr}\n{script}"


def test_every_load_ends_without_us() -> None:
    loads = [processor_load(60), memory_load(256 << 20, 2, 60), disk_load("/srv/cache", 64 << 20, 60)]
    script = start_script(loads, "/srv/cache", 60)
    starts = [line for line in script.splitlines() if line.startswith("systemd-run")]
    assert len(starts) == 3
    for line in starts:
        assert "RuntimeMaxSec=120" in line
        assert "BindsTo=pacsmith-burn-in.service" in line
        assert "Nice=19" in line


# what apt would do


def test_only_new_packages_are_brought() -> None:
    assert new_packages("Inst fio (3.33-3 Debian:12)\nInst libaio1 (0.3 Debian:12)\nConf fio (3.33-3)\n") == (
        "fio",
        "libaio1",
    )


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Inst libdrm2 [2.4.1] (2.4.2 Debian:12)", "libdrm2 would be upgraded"),
        ("Remv aeskulap [0.2.2]", "aeskulap would be removed"),
    ],
)
def test_a_host_that_could_not_be_left_as_found_is_left_alone(line: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        new_packages(f"Inst fio (3.33-3 Debian:12)\n{line}\n")


# what the tools printed


def test_stress_ng_as_recorded() -> None:
    result = stress_result(0, recorded("stress-ng-cpu.yaml"), recorded("stress-ng-cpu.log"))
    assert result == Stress(4710, 5.002881, (), False)
    assert stress_result(0, recorded("stress-ng-vm.yaml"), recorded("stress-ng-vm.log")).operations == 81491


def test_a_newer_stress_ng_as_recorded() -> None:
    """Version 0.19 begins its file with lines that are no YAML."""
    result = stress_result(0, recorded("stress-ng-0.19-cpu.yaml"), recorded("stress-ng-0.19-cpu.log"))
    assert result == Stress(2099, 3.003007, (), False)


def test_stress_ng_finds_a_wrong_result() -> None:
    log = recorded("stress-ng-vm.log") + "stress-ng: fail:  [99] vm: detected 2 bit errors at offset 0x1000\n"
    result = stress_result(2, recorded("stress-ng-vm.yaml"), log)
    assert judge.stress("memory", result, log, container=False).verdict == "short"
    assert "detected 2 bit errors" in judge.stress("memory", result, log, container=False).observed


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, ""),
        (0, "metrics: []"),
        (0, "metrics:\n[]"),
        (3, "a: [b"),
        (137, "no"),
        (1, "metrics:\n- 1"),
        (0, "metrics:\n- 1"),
        (0, "metrics:\n- {bogo-ops: many}"),
    ],
)
def test_stress_ng_without_a_result_is_no_result(code: int, text: str) -> None:
    with pytest.raises(ValueError, match=f"exit code {code}"):
        stress_result(code, text, "stress-ng: info: stopped\n")


def test_fio_as_recorded() -> None:
    result = disk_result(0, recorded("fio.json"), "")
    assert result == DiskTest(536870912, 469762048, 0, True)
    assert judge.disk(result, "/srv", "").verdict == "met"


def test_fio_reads_back_something_else() -> None:
    result = disk_result(1, recorded("fio-damaged.exit-1.json"), "")
    assert result.corrupt
    assert judge.disk(result, "/srv", "").verdict == "short"


def test_a_disk_error_is_short_and_a_cached_read_is_told() -> None:
    assert judge.disk(DiskTest(1, 1, 5, True), "/srv", "").verdict == "short"
    cached = judge.disk(DiskTest(1, 1, 0, False), "/srv", "")
    assert (cached.verdict, cached.qualified is not None) == ("met", True)


@pytest.mark.parametrize(("code", "text"), [(1, ""), (0, "{}"), (0, '{"jobs": []}'), (0, '{"jobs": [[]]}'), (0, "[")])
def test_fio_without_a_result_is_no_result(code: int, text: str) -> None:
    with pytest.raises(ValueError, match="fio ended"):
        disk_result(code, text, "fio: out of disk space")


def test_fio_that_read_nothing_back_proves_nothing() -> None:
    data = json.loads(recorded("fio.json"))
    data["jobs"][0]["read"]["io_bytes"] = 0
    with pytest.raises(ValueError, match="reading 0 bytes"):
        disk_result(0, json.dumps(data), "")


def test_glmark2_as_recorded_is_drawn_by_the_processor() -> None:
    result = drawing_result("0 124", recorded("glmark2-llvmpipe.log"))
    assert (result.rates, result.right, result.wrong) == ((283, 642), 3, ())
    assert judge.graphics(result, "").verdict == "short"
    assert "llvmpipe" in judge.graphics(result, "").observed


def test_a_card_that_draws_wrongly_is_short_and_unchecked_pictures_are_unknown() -> None:
    assert judge.graphics(Drawing("Quadro P400", (60, 61), 30, ()), "").verdict == "met"
    assert judge.graphics(Drawing("Quadro P400", (60, 61), 29, ("shading",)), "").verdict == "short"
    assert judge.graphics(Drawing("Quadro P400", (60, 61), 0, ()), "").verdict == "unknown"
    with pytest.raises(ValueError, match="drew nothing"):
        drawing_result("1 1", "Error: eglInitialize failed\n")


# what the host said meanwhile


SENSORS = """\
x86_pkg_temp|{hot}|
acpitz|27800|119000
coretemp Package id 0|{hot}|100000
nct6775 temp7_input|-128000|
|41000|
"""


def look(hot: int, **more: str) -> Reading:
    text = {"active": "active\ninactive\n", "thermal": SENSORS.format(hot=hot), **more}
    return reading_of({name: said(words) for name, words in text.items()})


def test_sensors_give_their_range_and_their_limit() -> None:
    watch = Watch()
    for hot in (45000, 91000, 60000):
        watch.take(look(hot))
    told = judge.temperature(watch, virtual=False)
    assert told.verdict == "met"
    assert "coretemp Package id 0 45 to 91 °C (limit 100)" in told.observed
    assert "temp7" not in told.observed  # it hangs on nothing
    assert watch.last is not None
    assert watch.last.running == 1
    watch.take(look(100000))
    assert judge.temperature(watch, virtual=False).verdict == "short"


def test_no_sensor_is_unknown_and_says_who_can_tell() -> None:
    watch = Watch()
    watch.take(Reading(0))
    for virtual in (True, False):
        told = judge.temperature(watch, virtual=virtual)
        assert (told.verdict, told.attest is not None) == ("unknown", True)


def test_counters_count_from_the_beginning() -> None:
    watch = Watch()
    watch.take(
        look(45000, edac="ce_count 3\nue_count 0\n", throttle="7\n7\n", oom="oom_kill 1\n", failed="a.service\n")
    )
    watch.take(
        look(45000, edac="ce_count 3\nue_count 0\n", throttle="7\n7\n", oom="oom_kill 1\n", failed="a.service\n")
    )
    judged = [judge.memory_errors(watch, virtual=False), judge.throttling(watch, virtual=False),
              judge.services(watch, container=False)]  # fmt: skip
    assert [one.verdict for one in judged] == ["met"] * 3
    watch.take(look(45000, edac="ce_count 4\nue_count 0\n", throttle="9\n7\n", oom="oom_kill 2\n",
                    failed="a.service\northanc.service\n"))  # fmt: skip
    judged = [judge.memory_errors(watch, virtual=False), judge.throttling(watch, virtual=False),
              judge.services(watch, container=False)]  # fmt: skip
    assert [one.verdict for one in judged] == ["short"] * 3
    assert judged[2].observed == "orthanc.service failed; 1 processes ended for want of memory"
    assert "memory" not in judge.services(watch, container=True).observed


def test_a_machine_that_starts_again_under_load_is_short() -> None:
    watch = Watch()
    watch.take(look(45000, started="boot-1\n12\n"))
    watch.take(look(45000, started="boot-2\n12\n"))
    assert judge.services(watch, container=False).verdict == "short"


def test_a_counter_that_is_not_there_is_unknown() -> None:
    watch = Watch()
    watch.take(Reading(1))
    for told in (judge.memory_errors(watch, virtual=False), judge.throttling(watch, virtual=True)):
        assert (told.verdict, told.attest is not None) == ("unknown", True)


def test_a_card_that_slows_itself_down_is_short() -> None:
    watch = Watch()
    watch.take(look(45000, nvidia="0, Quadro P2000, 88, Active\n1, Quadro P2000, 60, Not Active\n"))
    watch.take(look(45000, nvidia="0, Quadro P2000, 80, Not Active\n1, [N/A], [N/A], [N/A]\n"))
    told = judge.throttling(watch, virtual=False)
    assert (told.verdict, told.observed) == ("short", "slowed down: Quadro P2000 0")
    assert watch.ranges["Quadro P2000 0"] == (80.0, 88.0, None)


def entry(message: object, priority: int = 6) -> str:
    return json.dumps({"MESSAGE": message, "PRIORITY": str(priority)})


def test_the_kernels_log_is_searched_for_faults() -> None:
    log = [
        entry("usb 1-1: new high-speed USB device"),
        entry("mce: [Hardware Error]: Machine check events logged", 0),
        entry("blk_update_request: I/O error, dev sda, sector 12"),
        entry("blk_update_request: I/O error, dev sda, sector 12"),
        entry(list(b"NVRM: Xid (PCI:0000:01:00): 79")),
        entry("EDAC MC: Ver: 3.0.0"),
        entry("something bad", 3),
    ]
    assert kernel_complaints("\n".join(log)) == (
        "mce: [Hardware Error]: Machine check events logged",
        "blk_update_request: I/O error, dev sda, sector 12",
        "NVRM: Xid (PCI:0000:01:00): 79",
        "something bad",
    )
    with pytest.raises(ValueError, match="Expecting"):
        kernel_complaints("-- No entries --")


def test_the_kernels_log_is_judged() -> None:
    assert judge.kernel((), container=False).verdict == "met"
    assert judge.kernel(("Machine check",), container=False).verdict == "short"
    assert (judge.kernel(None, container=False).verdict, judge.kernel(None, container=False).attest) == (
        "unknown",
        None,
    )
    assert judge.kernel((), container=True).verdict == "unknown"


ATA = {"smart_status": {"passed": True}, "ata_smart_attributes": {"table": [{"id": 5, "raw": {"value": 8}}, {"id": 9}]}}


def test_a_drives_counts_may_be_old_but_not_grow() -> None:
    before = drive_of("sda", json.dumps(ATA))
    assert before == Drive("sda", True, {"reallocated sectors": 8})
    worse = before._replace(counts={"reallocated sectors": 9})
    assert judge.drives([before], [before], "", virtual=False).verdict == "met"
    assert judge.drives([before], [worse], "", virtual=False).observed == "sda: 1 more reallocated sectors"
    assert judge.drives([before], [before._replace(healthy=False)], "", virtual=False).verdict == "short"
    assert judge.drives([], [], "smartctl is not installed", virtual=False).attest is not None
    nvme = {"nvme_smart_health_information_log": {"media_errors": 0}}
    assert drive_of("nvme0n1", json.dumps(nvme)) == Drive("nvme0n1", None, {"media errors": 0})
    assert drive_of("sda", "{}") is None
    assert drive_of("sda", "no") is None


@given(st.text() | st.builds(json.dumps, st.recursive(st.none() | st.booleans() | st.text(), st.lists)))
def test_no_output_of_smartctl_is_a_fault_of_ours(text: str) -> None:
    assert drive_of("sda", text) is None


def test_what_is_left_is_short() -> None:
    assert judge.left_as_found(("fio",), ()).verdict == "met"
    assert judge.left_as_found(("fio",), ("/var/lib/pacsmith-burn-in",)).verdict == "short"


def test_images_that_fail_are_short() -> None:
    assert judge.images([0.8, 1.2], []).observed == "2 shown, first image after 0.8 to 1.2 s"
    assert judge.images([0.8], ["no image came in time"]).verdict == "short"
    assert judge.images([], []).verdict == "unknown"


# the host before


def test_a_host_before_its_burn_in() -> None:
    answers = {
        "virtual": Reply(1, "none\n", ""),
        "now": said("1795321145\n"),
        "memory": said("MemTotal:       16000000 kB\nMemAvailable:   12000000 kB\nmax\n"),
        "processors": said("8\n"),
        "tools": said("fio\n"),
        "graphics": said("/dev/dri/renderD128\n"),
        "screen": said("yes\n"),
        "run": said(""),
        "unit": said("inactive\n"),
        "space": said("Filesystem Type 1-blocks Used Available Capacity Mounted on\n/dev/sda1 ext4 100 1 99 1% /srv\n"),
        "drives": said('NAME="sda1" TYPE="part" ROTA="0"\nNAME="sda" TYPE="disk" ROTA="0"\n'),
    }
    here = found(answers)
    assert (here.container, here.available, here.free, here.drives) == (False, 12000000 * 1024, 99, ("sda",))
    assert here.filesystem == "ext4"
    assert (here.graphics, here.screen, here.run) == (True, True, None)
    del answers["space"]
    assert found(answers).free is None


# when


@pytest.mark.parametrize(
    ("minutes", "why"),
    [
        (29, None),
        (60, "in 30 minutes it is peak hours until 18:00 (reading rooms and theatres)"),
    ],
)
def test_a_production_host_is_not_loaded_into_peak_hours(minutes: int, why: str | None) -> None:
    site = example(windows=[])
    machine = build_inventory(site).machines[0]
    assert machine.host.stage == "production"
    monday = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # peak hours begin half an hour later
    assert disturbed(site, machine, monday, minutes) == why


def test_nor_beyond_its_window() -> None:
    site = example()
    machine = build_inventory(site).machines[0]
    sunday = datetime(2026, 11, 23, 3, 50, tzinfo=UTC)  # its window ends at 04:00
    assert disturbed(site, machine, sunday, 5) is None
    assert str(disturbed(site, machine, sunday, 15)).startswith("in 10 minutes it is outside its maintenance windows")
