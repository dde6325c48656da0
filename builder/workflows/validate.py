"""Read every sheet and the site, judge the site by its rules, and say everything that is wrong at once."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from builder.assess.display import Report
from builder.depot import artefact_for, needed_by
from builder.errors import BadInput
from builder.inventory.references import secret_references
from builder.inventory.remarks import remarks
from builder.inventory.roles import role_variables, roles_of
from builder.inventory.rules import check_site
from builder.inventory.rules_displays import strangers
from builder.load import Loaded, LoadErrors, Problem, load_site
from builder.load.calibration import load_calibrations
from builder.load.depot import load_artefacts
from builder.load.place import name_of
from builder.load.problem import FieldPath
from builder.load.sheets import load_sheets
from builder.models.calibration import Calibration
from builder.models.secret import SecretReference
from builder.models.sheet import Sheet
from builder.models.site import Site
from builder.secrets import SecretStore, open_store
from builder.workflows.reports import left_open, reports_from, wrong_days

# needed: every secret can be read now. begun: as needed, but a vault that does not exist yet is only noted (a new site,
# or a checkout without secrets). unasked: the files alone.
SecretsAre = Literal["needed", "begun", "unasked"]
_ABOUT_SHEETS = frozenset(("displays_are_held_to_a_standard", "products_have_a_sheet", "waivers_name_a_requirement"))
_VIEWER = ("archive", "viewer", "version")  # where the only artefact that a shipped role needs is named
_AGAIN = "is checked once these are mended: run pacsmith validate again, more may follow"
_SITE_FIRST = f"how hosts, products, routes and secrets fit together {_AGAIN}"
_SHEETS_FIRST = f"what the hosts' products have to do with their sheets {_AGAIN}"
_HOSTS_FIRST = f"whether the hosts named here can be built as they stand {_AGAIN}"


@dataclass(frozen=True)
class CheckedSite:
    """A site that keeps every rule, the sheets that it was judged with, and its secrets (none is read beforehand)."""

    site: Loaded[Site]
    loaded_sheets: tuple[Loaded[Sheet], ...]
    store: SecretStore
    notes: tuple[str, ...] = ()
    calibrations: tuple[Loaded[Calibration], ...] = ()

    @property
    def sheets(self) -> tuple[Sheet, ...]:
        """The sheets alone."""
        return tuple(sheet.value for sheet in self.loaded_sheets)

    @property
    def sheet_digests(self) -> Mapping[str, str]:
        """Sheet file -> SHA-256 of its bytes, hex."""
        return {str(sheet.file): sheet.sha256 for sheet in self.loaded_sheets}

    @property
    def reports(self) -> tuple[Report, ...]:
        """The calibration reports of the site, by file name."""
        return reports_from(self.calibrations)


def _calibrations(site_file: Path, today: date) -> tuple[tuple[Loaded[Calibration], ...], list[Problem]]:
    try:
        found = load_calibrations(site_file)
    except LoadErrors as faults:
        return (), list(faults.problems)
    return found, list(wrong_days(found, today))


def _of_no_display(site: Site, calibrations: Sequence[Loaded[Calibration]]) -> Iterator[str]:
    """What is told of a report whose display the site does not have: it may hang elsewhere, or its number be a slip."""
    lost = {id(one) for one in strangers(site, [one.value for one in calibrations])}
    for one in calibrations:
        if id(one.value) in lost:
            line, column = one.position(("display serial",))
            what = f"{one.value.display} is no display of this site, so that this calibration report counts for none"
            yield f"{one.file}:{line}:{column}: {what}; correct its numbers, or the display's in the site file"


def _vault_names(site: Site) -> int:
    return len({one.reference.vault for one in secret_references(site) if one.reference.vault is not None})


def _secrets(
    site: Site, store: SecretStore, wanted: SecretsAre, file: Path
) -> tuple[Callable[[SecretReference], str | None], str]:
    """(why a secret cannot be read, what to note). Opens the vault and runs secret commands, as a build does."""
    if wanted == "unasked":
        return lambda _: None, "whether the secrets can be read was not asked"
    if wanted == "begun" and site.vault is not None and not Path(site.vault.file).exists():
        count = _vault_names(site)
        note = (
            f"the vault {site.vault.file} does not exist yet: its {count} secrets were not looked for; "
            f"for a new site make them with: pacsmith secrets generate --site {name_of(file)}"
        )
        return lambda one: None if one.vault is not None else store.problem(one), note
    return store.problem, ""


def _sheets() -> tuple[tuple[Loaded[Sheet], ...], list[Problem]]:
    try:
        return load_sheets(), []
    except LoadErrors as faults:
        return (), list(faults.problems)


def _nothing_more(_: Site) -> None:
    """What a verb asks of a site's names before anybody is asked for a password: nothing."""


def read_checked_site(
    file: Path,
    *,
    today: date,
    ask: Callable[[str], str] | None = None,
    secrets: SecretsAre = "needed",
    first: Callable[[Site], None] = _nothing_more,
    buildable: bool = False,
    text: str | None = None,
) -> CheckedSite:
    """The site of `file` (or the one that `text` would be there), checked with every sheet. Raises LoadErrors with all
    problems of all files.

    `first` is asked before the secrets are opened, and may refuse. With `buildable`, what the roles of a host cannot
    build as the site says is a problem, too.
    """
    sheets, problems = _sheets()
    calibrations, faulty_reports = _calibrations(file, today)
    unchecked = _SHEETS_FIRST if problems else ""
    try:
        site = load_site(file, text)
    except LoadErrors as faults:
        raise LoadErrors(
            [*problems, *faults.problems, *faulty_reports], _SITE_FIRST if file.is_file() else ""
        ) from None
    first(site.value)
    store = open_store(site.value, ask=ask)
    secret_problem, note = _secrets(site.value, store, secrets, file)
    faults_of_site = check_site(
        site.value, [sheet.value for sheet in sheets], today=today, secret_problem=secret_problem
    )
    # A sheet that cannot be read is one problem; that hosts then lack their sheet is not another.
    kept = [fault for fault in faults_of_site if not (problems and fault.rule in _ABOUT_SHEETS)]
    problems += [site.problem(fault.path, fault.what, fault.remedy) for fault in kept]
    if buildable:
        faulty = {int(fault.path[1]) for fault in kept if fault.path[0] == "hosts"}
        unchecked = unchecked or (_HOSTS_FIRST if faulty else "")
        try:
            problems += unbuildable(site, leave_out=faulty)
        except BadInput:
            if not problems:
                raise
            unchecked = unchecked or _HOSTS_FIRST
    problems += faulty_reports
    if problems:
        raise LoadErrors(problems, unchecked)
    lost = list(_of_no_display(site.value, calibrations))
    open_figures = left_open(calibrations, today)
    notes = (*((note,) if note else ()), *remarks(site.value), *lost, *open_figures)
    return CheckedSite(site, sheets, store, notes, calibrations)


def unbuildable(site: Loaded[Site], *, leave_out: Collection[int] = ()) -> list[Problem]:
    """Every host that its roles, or the depot, cannot build as the site says, each at its own line; not those at the
    places `leave_out`, whose faults would be told again in other words.

    Raises BadInput for a missing or broken role.
    """
    try:
        artefacts = load_artefacts()
    except LoadErrors as faults:
        return list(faults.problems)
    problems = []
    for place, host in enumerate(site.value.hosts):
        for role in roles_of(host) if place not in leave_out else ():
            try:
                variables = role_variables(role, site.value, host)
            except BadInput as fault:
                about, _, sentence = str(fault).partition(": ")
                if about != f"hosts/{host.name}":
                    raise  # a role that is missing or broken: nothing of the site file
                problems.append(_said(site, ("hosts", place), sentence))
                continue
            for needed in needed_by(variables):
                try:
                    artefact_for(needed, artefacts, host.name)
                except BadInput as fault:
                    problems.append(_said(site, ("hosts", place, *_VIEWER), str(fault)))
    return problems


def _said(site: Loaded[Site], path: FieldPath, sentence: str) -> Problem:
    what, _, remedy = sentence.partition("; ")
    return site.problem(path, what, remedy)
