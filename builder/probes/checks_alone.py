"""`python -m builder.probes.checks_alone SITE_FILE ROLE`: the checks of one role on every machine that has it.

For whoever works on a role (Molecule's scenarios call it); run in the project folder, whose keys and pins it uses.
Exit 0 when everything is met, 1 otherwise.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from builder.errors import EXIT_BAD_INPUT, EXIT_FAILED, PacsmithError
from builder.inventory import build_inventory
from builder.inventory.roles import role_folder
from builder.load.site import load_site
from builder.models.evidence import Evidence
from builder.models.site import Site
from builder.probes.role_checks import RoleChecks, run_role_checks

_RUN = "checks-alone"


def evidence_of(site: Site, role: str) -> tuple[Evidence, ...]:
    """What the role's checks found on the site's machines. Raises BadInput for a role that is missing or broken."""
    found: list[Evidence] = []
    for machine in build_inventory(site).machines:
        for own in machine.roles:
            if own.role == role:
                checks = RoleChecks(role, role_folder(role), machine.connection, own.variables)
                found += run_role_checks(checks, _RUN)
    return tuple(found)


def main(arguments: Sequence[str]) -> int:
    """Print one line a check; nothing found is nothing met."""
    file, role = arguments
    try:
        found = evidence_of(load_site(Path(file)).value, role)
    except PacsmithError as fault:
        sys.stderr.write(f"{fault}\n")
        return fault.exit_code
    for item in found:
        sys.stdout.write(f"{item.verdict}: {item.subject}: {item.observed}\n")
    bad = [item for item in found if item.verdict in ("short", "unknown")]
    return EXIT_FAILED if bad or not found else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.stderr.write("usage: python -m builder.probes.checks_alone SITE_FILE ROLE\n")
        sys.exit(EXIT_BAD_INPUT)
    sys.exit(main(sys.argv[1:]))
