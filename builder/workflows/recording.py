"""Write down what came of a run: how it ended, each host's state in the ledger, and the dossier's files."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.errors import Locked, Refused
from builder.inventory import Machine
from builder.models.run import Outcome
from builder.report.gather import gather, pictures_of, screens_folder
from builder.report.write import Format, write_dossier
from builder.secrets.certificates import certificates_folder
from builder.workflows.session import Session, now
from builder.workflows.verify import Verified, accepted

FORMATS: tuple[Format, ...] = ("html", "json", "junit")
"""What every build writes; the PDF costs seconds of Chromium and is written by `pacsmith report`."""


@dataclass
class Ending:
    """How a run ends, unless an exception says otherwise."""

    outcome: Outcome = "failed"
    note: str | None = None


@contextmanager
def recorded(session: Session, *, locked: bool, changing: bool = True) -> Iterator[Ending]:
    """Begin the session's run and finish it however the block ends; `locked`: hold its machines meanwhile.

    Raises Locked when someone else holds one of them, or has reserved it and the run is `changing` it; the run is
    recorded all the same, as is one that was Refused.
    """
    ending = Ending()
    session.ledger.begin(session.run)
    try:
        with ExitStack() as held:
            for machine in session.machines if locked else ():
                scope = f"{session.site.name}/{machine.host.name}"
                held.enter_context(
                    session.ledger.lock(
                        scope, who=session.run.who, why=session.run.verb, run=session.run.id, changing=changing
                    )
                )
            yield ending
    except KeyboardInterrupt:
        ending = Ending("interrupted")
        raise
    except (Locked, Refused) as why:
        ending = Ending("refused", str(why))
        raise
    except Exception as fault:
        ending = Ending("failed", session.store.redactor().clean(str(fault)))
        raise
    finally:
        session.ledger.finish(session.run.id, ending.outcome, ending.note)


def record_proof(session: Session, proven: Verified, ending: Ending) -> None:
    """Record the evidence and what it means for the run: all hosts are accepted, or none is."""
    ending.outcome = "accepted" if accepted(proven.evidence) else "failed"
    ending.note = None if ending.outcome == "accepted" else "verification found something short or unknown"
    names = frozenset(machine.host.name for machine in session.machines)
    record_hosts(session, proven, names if ending.outcome == "accepted" else frozenset())


def record_hosts(session: Session, proven: Verified, good: frozenset[str]) -> None:
    """Record the evidence and each host's facts; of the hosts in `good`, the accepted ones, also by which run and with
    which variables."""
    session.ledger.record_evidence(proven.evidence)
    for machine in session.machines:
        name = machine.host.name
        facts = {
            fact.name: fact.model_dump(mode="json", exclude_none=True) for fact in proven.facts.get(name, {}).values()
        }
        if facts or name in good:
            session.ledger.set_host_state(
                session.site.name,
                name,
                accepted_run=session.run.id if name in good else None,
                variables_digest=variables_digest(machine) if name in good else None,
                facts=facts or None,
            )


def variables_digest(machine: Machine) -> str:
    """SHA-256, hex, of all role variables of a host (references to secrets, never their values)."""
    variables = {role.role: role.variables.model_dump(mode="json", by_alias=True) for role in machine.roles}
    return hashlib.sha256(json.dumps(variables, sort_keys=True).encode()).hexdigest()


def write_documents(session: Session) -> Mapping[str, Path]:
    """Write the dossier of the session's finished run; its files by format. Raises BadInput when that is refused."""
    dossier = gather(
        session.site,
        session.ledger,
        session.run.id,
        certificates=certificates_folder(session.site),
        generated=now(),
        clean=session.store.redactor().clean,
        sheets=session.sheets,
        reports=session.reports,
    )
    folder, pictures = session.folder / "dossiers" / session.run.id, pictures_of(dossier, screens_folder(session.site))
    return {str(form): path for form, path in write_dossier(dossier, folder, FORMATS, pictures).items()}
