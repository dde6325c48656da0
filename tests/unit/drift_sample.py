"""A reading for drift for tests: a host of each state."""

from datetime import UTC, datetime

from builder.models.drift import Difference, HostDrift, SiteDrift, Unseen

ACCEPTED = datetime(2026, 11, 1, 20, 0, tzinfo=UTC)
BEFORE = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
RIGHTS = Difference(
    host="archive01", kind="step", subject="archive: Orthanc settings, rights of each AE",
    concern="AE table and routes", cause="corrective", accepted="nothing to do",
    now='-  "AllowStore": true (and 1 more lines)', diff="--- /etc/orthanc/orthanc.json", after=BEFORE, seen=NOW,
)  # fmt: skip
PACKAGE = Difference(
    host="archive01", kind="fact", subject="package.nginx", concern="packages", cause="corrective",
    accepted="1.26.3-3", now="1.26.3-3+deb13u1", after=ACCEPTED, seen=BEFORE,
)  # fmt: skip
PANEL = Difference(
    host="read02", kind="fact", subject="displays.DP-1", concern="display order", cause="corrective",
    accepted="maker EIZ, serial 1", now="maker EIZ, serial 2", after=BEFORE, seen=NOW,
)  # fmt: skip


def drift_sample() -> SiteDrift:
    """Packages, then displays, then routes: the report has to put them in order."""
    end = datetime(2027, 5, 1, 12, 0, tzinfo=UTC)
    known = {"accepted_run": "20261101T190000-abcdef", "accepted_at": ACCEPTED, "ends": end}
    hosts = (
        HostDrift(host="archive01", steps=42, seen=42, facts=117, differences=(PACKAGE, RIGHTS), **known),
        HostDrift(host="archive02", steps=42, seen=42, facts=115, **known),
        HostDrift(host="read02", steps=50, seen=48, facts=90, differences=(PANEL,), **known,
                  blind=("workstation: Set the password", "workstation: Look at the driver"),
                  unseen=(Unseen(host="read02", subject="gpu.driver", why="nvidia-smi: not found"),)),
        HostDrift(host="read03", read=False, **known,
                  unseen=(Unseen(host="read03", subject="drift", why="read03: no answer within 10 s"),)),
        HostDrift(host="ward01", steps=30, seen=30, unseen=(Unseen(host="ward01", subject="drift", why="never"),)),
    )  # fmt: skip
    return SiteDrift(site="hill", run="20261122T100000-fedcba", at=NOW, hosts=hosts)
