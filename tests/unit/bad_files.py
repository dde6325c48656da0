"""What is said of a site, sheet or depot file: the loader's problems or, of a site that can be read, the rules'."""

from datetime import date
from pathlib import Path

from builder.inventory.rules import check_site
from builder.load import LoadErrors, load_site
from builder.load.depot import load_manifest
from builder.load.sheets import load_sheet
from builder.models.secret import SecretReference
from builder.models.sheet import Machine, Requirement, Sheet, SheetProduct, Source, When

TODAY = date(2026, 11, 21)
FOLDER = Path(__file__).parent / "bad"


DRIVER = Requirement(id="driver", fact="gpu.driver", minimum=">= 450.80.02", place="page 3")
RENDERING = Requirement(
    id="card", fact="gpu.memory", minimum="> 4 GiB", when=When(use=("volume-rendering",)), place="page 4"
)

PITCH = Requirement(id="pitch", fact="display.pitch", maximum="<= 0.2 mm", when=When(use=("diagnostic",)), place="p. 5")


def sheet(product: str, versions: str, machine: Machine, *more: Requirement) -> Sheet:
    """A sheet with two requirements, so that no test depends on the shipped ones, and `more`."""
    return Sheet(
        product=SheetProduct(id=product, name=product, versions=versions),
        machine=machine,
        source=Source(title="Book", address="example", read="2026-11-21", trust="A"),
        requirements=(
            Requirement(id="memory", fact="memory.total", minimum=">= 4 GiB", place="page 1")
            if machine != "display"
            else Requirement(id="depth", fact="display.depth", minimum=">= 8 bit", place="page 1"),
            Requirement(id="room", attested="the room is dark", place="page 2"),
            *more,
        ),
    )


SHEETS = (
    sheet("orthanc", ">=1.10,<1.13", "archive"),
    sheet("class-workstation", ">=12,<14", "workstation", DRIVER, RENDERING),
    sheet("class-thin-client", ">=12,<14", "thin_client"),
    sheet("display-house", ">=0", "display", PITCH),
)


def absent(reference: SecretReference) -> str | None:
    """A store in which everything can be read but what is called absent."""
    return f"secret {reference.key}: not in the vault; put it there" if "absent" in reference.key else None


def said_of_site(file: Path) -> list[str]:
    """Every problem of a site file, in the order of its lines."""
    try:
        site = load_site(file)
    except LoadErrors as faults:
        return [str(problem) for problem in faults.problems]
    faults_of_site = check_site(site.value, SHEETS, today=TODAY, secret_problem=absent)
    problems = LoadErrors([site.problem(fault.path, fault.what, fault.remedy) for fault in faults_of_site]).problems
    return [str(problem) for problem in problems]


def said_of_sheet(file: Path) -> list[str]:
    """Every problem of a sheet file, in the order of its lines."""
    try:
        load_sheet(file)
    except LoadErrors as faults:
        return [str(problem) for problem in faults.problems]
    return []


def said_of_depot(file: Path) -> list[str]:
    """Every problem of a depot manifest, in the order of its lines."""
    try:
        load_manifest(file)
    except LoadErrors as faults:
        return [str(problem) for problem in faults.problems]
    return []
