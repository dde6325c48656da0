"""What the sample dossier's machines are asked and answer."""

from builder.models.evidence import Verdict

ATTACK = "<script>alert('x')</script>\"; } body { display: none } </style>"

ORTHANC = "Orthanc Book @ 8a396164, faq/scalability.rst"
REQUIREMENTS: tuple[tuple[str, str, str, Verdict], ...] = (
    ("version", "orthanc >= 1.12.0, recommended 1.12.11", "1.12.7", "met"),
    (
        "database-engine",
        "PostgreSQL; the built-in SQLite must be replaced once several hundreds of thousands of instances "
        "are expected, since every writer locks its index and the archive slows down for the reading rooms",
        "postgresql 17.6",
        "met",
    ),
    ("database-latency", "at most 4 ms for one empty query, recommended 1 ms", "0.21 ms, median of 25", "met"),
    (
        "database-medium",
        "the database lies on a solid-state drive",
        "the drive below /var/lib/postgresql says nothing",
        "unknown",
    ),
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
)
REFUSALS = (
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
CHECKS = (
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
STEPS = {
    "baseline": (
        "Set the host name",
        "Write the hosts file",
        "Set the time zone",
        "Install chrony",
        "Configure chrony",
        "Trust the site CA",
        "Install nftables",
        "Render the firewall from the routes",
        "Hold security updates to the window",
        "Limit the journal",
        "Install the node exporter",
        "Harden sshd",
    ),
    "archive": (
        "Install PostgreSQL 17",
        "Tune PostgreSQL from the memory",
        "Create the database role",
        "Create the database",
        "Install Orthanc and its plugins",
        "Configure Orthanc",
        "Let Orthanc bind port 104",
        "Start Orthanc",
        "Install nginx",
        "Put TLS in front of DICOMweb",
        "Install restic",
        "Initialise the backup repository",
        "Try a restore",
    ),
}
