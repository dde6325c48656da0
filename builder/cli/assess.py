"""`pacsmith assess`: each machine against its vendor's sheet and its class."""

import json
from collections import Counter
from datetime import date

import typer

from builder.cli.options import ClassOption, HostOption, JsonOption, RecordedOption, SiteArgument, SiteOption, one_site
from builder.errors import EXIT_FAILED, EXIT_UNREACHABLE
from builder.inventory import build_inventory
from builder.load import load_sheets, load_site
from builder.load.calibration import load_calibrations
from builder.load.place import find_site
from builder.models.finding import Finding
from builder.workflows.session import select
from builder.workflows.survey import findings_of, read_recorded, survey_hosts
from builder.workflows.validate import reports_from


def assess(  # noqa: PLR0917 - typer names every option
    site_name: SiteArgument = None,
    site: SiteOption = None,
    host: HostOption = None,
    host_class: ClassOption = None,
    recorded: RecordedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare each machine with its product's sheet and its class, and each display that names a standard with that and
    its calibration report: met, short, unknown, not applicable or waived.

    Exit code 1 when a requirement is short; unknown is never met, and says who can tell.

    Example: pacsmith assess --host archive01 --json

    A station that nobody can log in to: save what nvidia-smi -q -x printed there as answers/read01/graphics.xml, then
    pacsmith assess --host read01 --recorded answers
    """
    file = find_site(one_site(site_name, site))
    inventory = build_inventory(load_site(file).value, roles=False)
    reports = reports_from(load_calibrations(file))
    machines = select(inventory, host, host_class)
    sheets = [loaded.value for loaded in load_sheets()]
    read = survey_hosts(machines) if recorded is None else read_recorded(machines, recorded)
    today = date.today()
    found = {one.machine.host.name: () if one.fault else findings_of(one, sheets, today, reports) for one in read}
    if as_json:
        rows = {name: [finding.model_dump(mode="json") for finding in findings] for name, findings in found.items()}
        typer.echo(json.dumps(rows, indent=2))
    else:
        for name, findings in found.items():
            _tell(name, findings)
    for one in read:
        if one.fault:
            typer.echo(f"pacsmith: {one.fault}", err=True)
    if any(finding.verdict == "short" for findings in found.values() for finding in findings):
        raise typer.Exit(EXIT_FAILED)
    if any(one.fault for one in read):
        raise typer.Exit(EXIT_UNREACHABLE)


def _tell(name: str, findings: tuple[Finding, ...]) -> None:
    counts = Counter(finding.verdict for finding in findings)
    typer.echo(f"{name}: " + (", ".join(f"{count} {verdict}" for verdict, count in counts.items()) or "not assessed"))
    for one in findings:
        level = f" ({one.qualified or one.level})" if one.level else ""
        typer.echo(f"  {one.verdict + level:18}  {one.requirement}: {one.sentence}")
        typer.echo(f"  {'':18}  {one.source}")
