"""A dossier like a real one: the example hospital after a build that went almost well, and hostile names."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from builder.models.dossier import CertificateRecord, Dossier, HostReading
from builder.models.event import Event, StepStatus
from builder.models.evidence import Evidence
from builder.models.fact import Fact
from builder.models.run import Outcome, Run
from builder.models.site import Site, Waiver
from builder.report.assemble import assemble
from tests.unit.report_sample_data import CHECKS, ORTHANC, REFUSALS, REQUIREMENTS, STEPS
from tests.unit.site_parts import example

BEGAN = datetime(2026, 11, 21, 20, 58, 4, tzinfo=UTC)
RUN = "20261121T205804-3f9a1c"


def sample_site() -> Site:
    """The example hospital without its stations, with a waiver."""
    site = example()
    waiver = Waiver(
        requirement="drives-apart",
        reason="one RAID 10 of eight drives carries both; measured latency is 0.2 ms",
        owner="Maeve Kilbride",
        until="2027-11-30",
    )
    return site.model_copy(update={"hosts": (site.hosts[0].model_copy(update={"waivers": (waiver,)}), *site.hosts[1:])})


def sample_run(outcome: Outcome = "failed") -> Run:
    """The build that the sample dossier is of."""
    return Run(
        id=RUN,
        verb="build",
        site="st-brigid",
        hosts=("archive01",),
        who="mkilbride",
        started=BEGAN,
        finished=BEGAN + timedelta(minutes=4, seconds=12),
        outcome=outcome,
        tool_version="0.1.0",
        inputs={
            "inventory/example/site.yml": "5c" * 32,
            "specs/orthanc-1.12.yml": "a7" * 32,
            "roles/archive": "0b" * 32,
            "roles/baseline": "e4" * 32,
        },
        note=None if outcome == "accepted" else "the hosts were built; verification found something short",
    )


def _evidence(number: int, **fields: object) -> Evidence:
    base = {
        "at": BEGAN + timedelta(seconds=150 + number),
        "host": "archive01",
        "run": RUN,
        "raw_sha256": f"{number:02x}" * 32,
        "seconds": round(0.04 * (number % 9 + 1), 2),
    }
    return Evidence.model_validate({**base, **fields})


def sample_evidence() -> tuple[Evidence, ...]:
    """Every kind and every verdict; some sixty pieces."""
    return tuple(_requirements()) + tuple(_routes()) + tuple(_checks())


def _requirements() -> Iterator[Evidence]:
    who = {
        "room-temperature": "Tomasz Wrona, head of hospital IT",
        "uninterruptible": "Tomasz Wrona, head of hospital IT",
    }
    for number, (subject, expected, observed, verdict) in enumerate(REQUIREMENTS):
        yield _evidence(
            number,
            kind="requirement",
            subject=subject,
            expected=expected,
            observed=observed,
            verdict=verdict,
            source=ORTHANC,
            probe="survey of archive01",
            attest=who.get(subject),
        )


def _routes() -> Iterator[Evidence]:
    number = 20
    for route in sample_site().routes:
        for operation in route.may:
            number += 1
            failed = (route.from_, operation) == ("read01", "move")
            yield _evidence(
                number,
                kind="route",
                subject=f"{route.from_} -> {route.to}: {operation}",
                source="site.yml, routes",
                expected="11 images come back, each byte for byte"
                if operation in ("move", "get", "wado")
                else "success",
                observed="10 of 11 images came back; MR JPEG-LS lossless differs in PixelData at byte 4,312"
                if failed
                else "as expected",
                verdict="short" if failed else "met",
                probe=f"dcmtk on {route.from_}",
            )
    for subject, expected, observed in REFUSALS:
        number += 1
        yield _evidence(
            number,
            kind="route",
            subject=subject,
            source="site.yml, routes",
            expected=expected,
            observed=observed,
            verdict="met",
            probe="pynetdicom from the controller",
        )
    yield _evidence(
        number + 1,
        kind="route",
        subject="store rate",
        source="archive.minimum_store_rate",
        verdict="met",
        expected="at least 50 images of 128 kB a second",
        observed="212 a second over one association",
        probe="dcmtk storescu on ct01",
    )


def _checks() -> Iterator[Evidence]:
    for number, (subject, observed) in enumerate(CHECKS, start=70):
        yield _evidence(
            number,
            kind="check",
            subject=subject,
            source="roles/baseline" if number < 75 else "roles/archive",
            expected="so",
            observed=observed,
            verdict="met",
            probe="testinfra on archive01",
        )
    yield _evidence(
        90,
        kind="check",
        subject="unattended upgrades last ran within a day",
        source="roles/baseline",
        expected="yes",
        observed="the host has been up for four minutes",
        verdict="unknown",
        raw_sha256=None,
        seconds=None,
        probe="testinfra on archive01",
    )


def sample_events() -> tuple[Event, ...]:
    """What the build said, step by step."""
    events = [
        Event(
            run=RUN,
            at=BEGAN,
            host="archive01",
            step="lock on st-brigid/archive01 taken over: mkilbride took it "
            "2026-11-21 20:41 UTC to build (run 20261121T204100-9d01aa), and process 4711 on adminbox has ended "
            "without giving it back",
            status="note",
        )
    ]
    for role, steps in STEPS.items():
        for number, step in enumerate(steps):
            status: StepStatus = "ok" if number % 4 == 3 else "changed"
            diff = (
                "--- /etc/chrony/sources.d/site.sources\n+++ new\n@@ -0,0 +1 @@\n+pool 2.debian.pool.ntp.org iburst\n"
            )
            at = BEGAN + timedelta(seconds=10 * len(events))
            events.append(Event(run=RUN, at=at, host="archive01", role=role, step=step, status="started"))
            events.append(
                Event(
                    run=RUN,
                    at=at,
                    host="archive01",
                    role=role,
                    step=step,
                    status=status,
                    changed=status == "changed",
                    previewable=not step.startswith(("Start", "Try", "Initialise")),
                    duration=0.4 + number * 1.3,
                    diff=diff * (12 if step == "Configure Orthanc" else 1) if "Configure" in step else None,
                )
            )
    return tuple(events)


def sample_facts() -> tuple[HostReading, ...]:
    """A survey's facts: hardware, versions, packages."""
    values: tuple[tuple[str, str | int, str | None], ...] = (
        ("asset.maker", "Fictional Servers", None),
        ("asset.model", "FS-2200", None),
        ("cpu.cores", 8, "cores"),
        ("cpu.model", "Fictional CPU @ 2.4 GHz", None),
        ("memory.total", 25_121_349_632, "B"),
        ("disk.storage.free", 65_712_852_992, "B"),
        ("disk.storage.filesystem", "ext4", None),
        ("os.name", "Debian GNU/Linux 13 (trixie)", None),
        ("os.kernel", "6.12.48+deb13-amd64", "version"),
        ("postgresql.version", "17.6", "version"),
        ("postgresql.extension.pg_trgm", "1.6", "version"),
        *(
            (f"package.{name}", version, "version")
            for name, version in (
                ("orthanc", "1.12.7+dfsg-4"),
                ("orthanc-dicomweb", "1.18+dfsg-2"),
                ("orthanc-gdcm", "1.8-2"),
                ("orthanc-postgresql", "7.2-2"),
                ("postgresql-17", "17.6-0+deb13u1"),
                ("nginx-light", "1.26.3-3+deb13u1"),
                ("chrony", "4.6.1-3"),
                ("nftables", "1.1.3-1"),
                ("restic", "0.18.0-1"),
                ("openssh-server", "1:10.0p1-7"),
                ("prometheus-node-exporter", "1.9.0-1"),
                ("unattended-upgrades", "2.12"),
            )
        ),
    )
    facts = [Fact(name=name, value=value, unit=unit, command="recorded") for name, value, unit in values]
    facts.append(Fact(name="gpu.model", absent=True, command="lspci"))
    return (HostReading(host="archive01", read=BEGAN + timedelta(minutes=2), facts=tuple(facts)),)


def sample_dossier(outcome: Outcome = "failed", *, evidence: tuple[Evidence, ...] | None = None) -> Dossier:
    """The whole of it."""
    certificates = tuple(
        CertificateRecord(
            file=f"{name}.pem",
            subject=f"CN={subject}",
            issuer="CN=St Brigid Imaging CA,O=St Brigid's General Hospital",
            not_after=BEGAN + timedelta(days=days),
            fingerprint=f"{days % 256:02x}" * 32,
        )
        for name, subject, days in (
            ("archive01", "archive01.imaging.st-brigid.example", 397),
            ("ca", "St Brigid Imaging CA", 3650),
        )
    )
    before = sample_run("interrupted").model_copy(
        update={
            "id": "20261121T204100-9d01aa",
            "started": BEGAN - timedelta(minutes=17),
            "note": "process 4711 on adminbox ended before the run did",
        }
    )
    return assemble(
        sample_site(),
        sample_run(outcome),
        events=sample_events(),
        evidence=sample_evidence() if evidence is None else evidence,
        facts=sample_facts(),
        certificates=certificates,
        history=(sample_run(outcome), before),
        generated=BEGAN + timedelta(minutes=5),
    )
