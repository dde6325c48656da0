"""A written plan for tests: two hosts of which one would change."""

from datetime import UTC, datetime

from builder.models.plan import Outage, PlannedHost, PlannedStep, Tool, WrittenPlan, sha256_of, world_of

MADE = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
FILES = PlannedStep(
    role="archive",
    step="Orthanc settings, rights of each AE",
    changes=True,
    diff='--- /etc/orthanc/orthanc.json\n+++ /etc/orthanc/orthanc.json\n@@ -1 +1 @@\n-  "AllowStore": false\n'
    '+  "AllowStore": true',
)
RESTART = PlannedStep(role="archive", step="Orthanc runs", changes=True, diff="# systemctl restart orthanc.service")
IDLE = PlannedStep(role="baseline", step="Run SSH", changes=False)
BLIND = PlannedStep(role="workstation", step="Set the reader's password", changes=None, why="no_log")
STEPS = (IDLE, FILES, RESTART)
INPUTS = {"inventory/hill/site.yml": "a" * 64, "specs/orthanc-1.12.yml": "b" * 64, "roles/archive": "c" * 64}


def planned_host(name: str, *steps: PlannedStep, address: str = "10.1.0.11") -> PlannedHost:
    return PlannedHost(host=name, address=address, port=22, steps=steps, world=world_of(steps))


def plan_sample(*hosts: PlannedHost, **changes: object) -> WrittenPlan:
    """The plan, sealed; `changes` replace fields before that."""
    its = hosts or (planned_host("archive01", *STEPS), planned_host("read02", BLIND, address="10.1.0.32"))
    steps = [step for host in its for step in host.steps]
    unsealed = WrittenPlan(
        site="hill",
        site_file="inventory/hill/site.yml",
        run="20261122T100000-abcdef",
        who="ada",
        made=MADE,
        tool=Tool(version="0.1.0", code="d" * 64),
        inputs=INPUTS,
        inputs_digest=sha256_of(INPUTS),
        world_digest=sha256_of({host.host: host.world for host in its}),
        hosts=its,
        steps=len(steps),
        changes=sum(bool(step.changes) for step in steps),
        unseen=sum(step.changes is None for step in steps),
        coverage=0.75,
        outages=(
            Outage(
                host="archive01", stops=("dicom", "web"), steps=("Orthanc runs",), seconds=4.0, source="a lab",
                sentence="AE HILL_ARC stops answering for about 4 s; READ02 loses retrieval",
            ),
        ),
    )  # fmt: skip
    return unsealed.model_copy(update=changes).sealed()
