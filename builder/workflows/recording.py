"""Write down what came of a run: each host's state in the ledger, and the dossier's files."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from builder.inventory import Machine
from builder.models.run import Outcome
from builder.report.gather import gather
from builder.report.write import Format, write_dossier
from builder.secrets.certificates import certificates_folder
from builder.workflows.session import Session, now
from builder.workflows.verify import Verified

FORMATS: tuple[Format, ...] = ("html", "json", "junit")
"""What every build writes; the PDF costs seconds of Chromium and is written by `pacsmith report`."""


def remember(session: Session, proven: Verified, outcome: Outcome) -> None:
    """Record each host's facts and, when it was accepted, by which run and with which variables."""
    for machine in session.machines:
        name = machine.host.name
        facts = {
            fact.name: fact.model_dump(mode="json", exclude_none=True) for fact in proven.facts.get(name, {}).values()
        }
        session.ledger.set_host_state(
            session.site.name,
            name,
            accepted_run=session.run.id if outcome == "accepted" else None,
            variables_digest=variables_digest(machine) if outcome == "accepted" else None,
            facts=facts or None,
        )


def variables_digest(machine: Machine) -> str:
    """SHA-256, hex, of all role variables of a host (references to secrets, never their values)."""
    variables = {role.role: role.variables.model_dump(mode="json", by_alias=True) for role in machine.roles}
    return hashlib.sha256(json.dumps(variables, sort_keys=True).encode()).hexdigest()


def write_documents(session: Session, run: str) -> Mapping[str, Path]:
    """Write the dossier of a recorded run; its files by format. Raises BadInput when the folder cannot be written."""
    dossier = gather(
        session.site,
        session.ledger,
        run,
        certificates=certificates_folder(session.site),
        generated=now(),
        clean=session.store.redactor().clean,
    )
    return {
        str(form): path for form, path in write_dossier(dossier, session.folder / "dossiers" / run, FORMATS).items()
    }
