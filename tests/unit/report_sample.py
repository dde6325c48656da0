"""A dossier like a real one: the example hospital after a build that went almost well, with names that try to break out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from builder.models.dossier import CertificateRecord, Dossier, HostReading
from builder.models.event import Event, StepStatus
from builder.models.evidence import Evidence, Verdict
from builder.models.fact import Fact
from builder.models.run import Outcome, Run
from builder.models.site import Site, Waiver
from builder.report.assemble import assemble

EXAMPLE = Path(__file__).parents[2] / "inventory/example/site.yml"
BEGAN = datetime(2026, 11, 21, 20, 58, 4, tzinfo=UTC)
RUN = "20261121T205804-3f9a1c"
ATTACK = "<script>alert('x')</script>\"; } body { display: none } </style>"

_ORTHANC = "Orthanc Book @ 8a396164, faq/scalability.rst"
_REQUIREMENTS: tuple[tuple[str, str, str, Verdict], ...] = (
    ("version", "orthanc >= 1.12.0, recommended 1.12.11", "1.12.7", "met"),
    ("database-engine", "PostgreSQL; the built-in SQLite must be replaced once several hundreds of thousands of instances are "
     "expected, since its index is locked by every writer and the archive slows down for the reading rooms", "postgresql 17.6", "met"),
    ("database-latency", "at most 4 ms for one empty query, recommended 1 ms", "0.21 ms, median of 25", "met"),
    ("database-medium", "the database lies on a solid-state drive", "the drive below /var/lib/postgresql says nothing", "unknown"),
    ("drives-apart", "database and storage lie on different drives", "both lie on /dev/vda1", "waived"),
    ("memory", ">= 4 GiB, recommended >= 16 GiB", "23.4 GiB", "met"),
    ("storage-free", ">= 1 TiB free below the storage directory", "61.2 GiB", "short"),
    ("storage-compression", "off; it costs speed and modalities compress already", "false", "met"),
    ("concurrent-jobs", ">= 2", "4", "met"),
    ("tcp-no-delay", "on, without which each image costs 80 ms", "true", "met"),
    ("rest-closed", "RemoteAccessAllowed is false, or the REST interface is protected", "false", "met"),
    ("called-ae", "DicomCheckCalledAet is on", "true", "met"),
    ("caller-host", "DicomCheckModalityHost is on", "true", "met"),
    ("room-temperature", "the server room stays between 18 and 27 °C", "no probe can tell", "unknown"),
    ("uninterruptible", "an uninterruptible power supply bridges at least 10 minutes", "no probe can tell", "unknown"),
    ("gpu", "a graphics card with 2 GiB", "the host is an archive", "not applicable"),
)  # fmt: skip
_REFUSALS = (
    ("ct01 -> archive01: find refused", "0x0122 or a rejected association", "association rejected: 0x0007"),
    ("ct01 -> archive01: move refused", "0x0122 or a rejected association", "association rejected: 0x0007"),
    ("ct01 -> archive01: wrong called AE", "association rejected", "rejected: called AE title not recognized"),
    ("stranger -> archive01: unknown caller", "association rejected", "rejected: calling AE title not recognized"),
    (
        "read01 -> archive01: right AE title from the wrong address",
        "connection refused or dropped",
        "no answer within 5 s",
    ),
    ("read01 -> archive01: plain HTTP", "no data without TLS", "301 to https, no body"),
    ("read01 -> archive01: wrong password", "401", "401 Unauthorized"),
    ("read01 -> archive01: database port", "closed to everybody", "no answer within 5 s"),
)
_CHECKS = (
    ("the host's name and its full name answer", "archive01.imaging.st-brigid.example"),
    ("the time zone is the site's", "Europe/Dublin"),
    ("chrony keeps the clock within 100 ms", "0.4 ms off"),
    ("nftables drops what no route grants", "policy drop; 2 rules by route"),
    ("root cannot log in over SSH with a password", "PermitRootLogin no"),
    ("Orthanc starts at boot and runs as its own user", "enabled, active, user orthanc"),
    ("the index is in PostgreSQL", "libOrthancPostgreSQLIndex"),
    ("the nightly backup was restored once and compared", "1 study, 0 differences"),
    ("nginx speaks TLS 1.2 and 1.3 only", "TLSv1.2 TLSv1.3"),
    (f"a name with an umlaut survives: Jürgen Müller-Weiß, and so does {ATTACK}", "Jürgen Müller-Weiß"),
)
_STEPS = {
    "baseline": (
        "Set the host name", "Write the hosts file", "Set the time zone", "Install chrony", "Configure chrony",
        "Trust the site CA", "Install nftables", "Render the firewall from the routes", "Hold security updates to the window",
        "Limit the journal", "Install the node exporter", "Harden sshd",
    ),
    "archive": (
        "Install PostgreSQL 17", "Tune PostgreSQL from the memory", "Create the database role", "Create the database",
        "Install Orthanc and its plugins", "Configure Orthanc", "Let Orthanc bind port 104", "Start Orthanc",
        "Install nginx", "Put TLS in front of DICOMweb", "Install restic", "Initialise the backup repository", "Try a restore",
    ),
}  # fmt: skip


def sample_site() -> Site:
    """The example hospital, with a waiver."""
    site = Site.model_validate(yaml.safe_load(EXAMPLE.read_text(encoding="utf-8")))
    waiver = Waiver(
        requirement="drives-apart", reason="one RAID 10 of eight drives carries both; measured latency is 0.2 ms",
        owner="Maeve Kilbride", until="2027-11-30",
    )  # fmt: skip
    return site.model_copy(update={"hosts": (site.hosts[0].model_copy(update={"waivers": (waiver,)}), *site.hosts[1:])})


def sample_run(outcome: Outcome = "failed") -> Run:
    """The build that the sample dossier is of."""
    return Run(
        id=RUN, verb="build", site="st-brigid", hosts=("archive01",), who="mkilbride", started=BEGAN,
        finished=BEGAN + timedelta(minutes=4, seconds=12), outcome=outcome, tool_version="0.1.0",
        inputs={"inventory/example/site.yml": "5c" * 32, "specs/orthanc-1.12.yml": "a7" * 32, "roles/archive": "0b" * 32,
                "roles/baseline": "e4" * 32},
        note=None if outcome == "accepted" else "the hosts were built; verification found something short",
    )  # fmt: skip


def _evidence(number: int, **fields: object) -> Evidence:
    base = {
        "at": BEGAN + timedelta(seconds=150 + number), "host": "archive01", "run": RUN, "raw_sha256": f"{number:02x}" * 32,
        "seconds": round(0.04 * (number % 9 + 1), 2),
    }  # fmt: skip
    return Evidence.model_validate({**base, **fields})


def sample_evidence() -> tuple[Evidence, ...]:
    """Every kind and every verdict; some sixty pieces."""
    return tuple(_requirements()) + tuple(_routes()) + tuple(_checks())


def _requirements() -> Iterator[Evidence]:
    who = {
        "room-temperature": "Tomasz Wrona, head of hospital IT",
        "uninterruptible": "Tomasz Wrona, head of hospital IT",
    }
    for number, (subject, expected, observed, verdict) in enumerate(_REQUIREMENTS):
        yield _evidence(
            number, kind="requirement", subject=subject, expected=expected, observed=observed, verdict=verdict,
            source=_ORTHANC, probe="survey of archive01", attest=who.get(subject),
        )  # fmt: skip


def _routes() -> Iterator[Evidence]:
    number = 20
    for route in sample_site().routes:
        for operation in route.may:
            number += 1
            failed = (route.from_, operation) == ("read01", "move")
            yield _evidence(
                number, kind="route", subject=f"{route.from_} -> {route.to}: {operation}", source="site.yml, routes",
                expected="11 images come back, each byte for byte" if operation in ("move", "get", "wado") else "success",
                observed="10 of 11 images came back; MR JPEG-LS lossless differs in PixelData at byte 4,312" if failed
                else "as expected", verdict="short" if failed else "met", probe=f"dcmtk on {route.from_}",
            )  # fmt: skip
    for subject, expected, observed in _REFUSALS:
        number += 1
        yield _evidence(number, kind="route", subject=subject, source="site.yml, routes", expected=expected, observed=observed,
                        verdict="met", probe="pynetdicom from the controller")  # fmt: skip
    yield _evidence(number + 1, kind="route", subject="store rate", source="archive.minimum_store_rate", verdict="met",
                    expected="at least 50 images of 128 kB a second", observed="212 a second over one association",
                    probe="dcmtk storescu on ct01")  # fmt: skip


def _checks() -> Iterator[Evidence]:
    for number, (subject, observed) in enumerate(_CHECKS, start=70):
        yield _evidence(number, kind="check", subject=subject, source="roles/baseline" if number < 75 else "roles/archive",
                        expected="so", observed=observed, verdict="met", probe="testinfra on archive01")  # fmt: skip
    yield _evidence(90, kind="check", subject="unattended upgrades last ran within a day", source="roles/baseline",
                    expected="yes", observed="the host has been up for four minutes", verdict="unknown", raw_sha256=None,
                    seconds=None, probe="testinfra on archive01")  # fmt: skip


def sample_events() -> tuple[Event, ...]:
    """What the build said, step by step."""
    events = [Event(run=RUN, at=BEGAN, host="archive01", step="lock on st-brigid/archive01 taken over: mkilbride took it "
                    "2026-11-21 20:41 UTC to build (run 20261121T204100-9d01aa), and process 4711 on adminbox has ended "
                    "without giving it back", status="note")]  # fmt: skip
    for role, steps in _STEPS.items():
        for number, step in enumerate(steps):
            status: StepStatus = "ok" if number % 4 == 3 else "changed"
            diff = (
                "--- /etc/chrony/sources.d/site.sources\n+++ new\n@@ -0,0 +1 @@\n+pool 2.debian.pool.ntp.org iburst\n"
            )
            at = BEGAN + timedelta(seconds=10 * len(events))
            events.append(Event(run=RUN, at=at, host="archive01", role=role, step=step, status="started"))
            events.append(
                Event(run=RUN, at=at, host="archive01", role=role, step=step, status=status, changed=status == "changed",
                      previewable=not step.startswith(("Start", "Try", "Initialise")), duration=0.4 + number * 1.3,
                      diff=diff * (12 if step == "Configure Orthanc" else 1) if "Configure" in step else None)
            )  # fmt: skip
    return tuple(events)


def sample_facts() -> tuple[HostReading, ...]:
    """A survey's facts: hardware, versions, packages."""
    values: tuple[tuple[str, str | int, str | None], ...] = (
        ("asset.maker", "Fictional Servers", None), ("asset.model", "FS-2200", None), ("cpu.cores", 8, "cores"),
        ("cpu.model", "Fictional CPU @ 2.4 GHz", None), ("memory.total", 25_121_349_632, "B"),
        ("disk.storage.free", 65_712_852_992, "B"), ("disk.storage.filesystem", "ext4", None),
        ("os.name", "Debian GNU/Linux 13 (trixie)", None), ("os.kernel", "6.12.48+deb13-amd64", "version"),
        ("postgresql.version", "17.6", "version"), ("postgresql.extension.pg_trgm", "1.6", "version"),
        *((f"package.{name}", version, "version") for name, version in (
            ("orthanc", "1.12.7+dfsg-4"), ("orthanc-dicomweb", "1.18+dfsg-2"), ("orthanc-gdcm", "1.8-2"),
            ("orthanc-postgresql", "7.2-2"), ("postgresql-17", "17.6-0+deb13u1"), ("nginx-light", "1.26.3-3+deb13u1"),
            ("chrony", "4.6.1-3"), ("nftables", "1.1.3-1"), ("restic", "0.18.0-1"), ("openssh-server", "1:10.0p1-7"),
            ("prometheus-node-exporter", "1.9.0-1"), ("unattended-upgrades", "2.12"))),
    )  # fmt: skip
    facts = [Fact(name=name, value=value, unit=unit, command="recorded") for name, value, unit in values]
    facts.append(Fact(name="gpu.model", absent=True, command="lspci"))
    return (HostReading(host="archive01", read=BEGAN + timedelta(minutes=2), facts=tuple(facts)),)


def sample_dossier(outcome: Outcome = "failed", *, evidence: tuple[Evidence, ...] | None = None) -> Dossier:
    """The whole of it."""
    certificates = tuple(
        CertificateRecord(file=f"{name}.pem", subject=f"CN={subject}", issuer="CN=St Brigid Imaging CA,O=St Brigid's General "
                          "Hospital", not_after=BEGAN + timedelta(days=days), fingerprint=f"{days % 256:02x}" * 32)
        for name, subject, days in (("archive01", "archive01.imaging.st-brigid.example", 397), ("ca", "St Brigid Imaging CA", 3650))
    )  # fmt: skip
    before = sample_run("interrupted").model_copy(
        update={"id": "20261121T204100-9d01aa", "started": BEGAN - timedelta(minutes=17), "note": "process 4711 on adminbox ended "
                "before the run did"}
    )  # fmt: skip
    return assemble(
        sample_site(), sample_run(outcome), events=sample_events(), evidence=sample_evidence() if evidence is None else evidence,
        facts=sample_facts(), certificates=certificates, history=(sample_run(outcome), before),
        generated=BEGAN + timedelta(minutes=5),
    )  # fmt: skip
