"""Write down what came of a run: how it ended, each host's state in the ledger, and the dossier's files."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from builder.assess.drifted import requirement_key
from builder.errors import Locked, Refused
from builder.inventory import Machine
from builder.models.drift import Accepted
from builder.models.run import Outcome
from builder.report.gather import gather, pictures_of, screens_folder
from builder.report.write import Format, write_dossier
from builder.secrets.certificates import certificates_folder
from builder.workflows.findings import findings_of
from builder.workflows.session import Session, now, this_tool
from builder.workflows.survey import HostFacts
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
                accepted=acceptance_of(session, machine, proven, facts) if name in good else None,
            )


def acceptance_of(
    session: Session, machine: Machine, proven: Verified, facts: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """What later readings of an accepted host are held against."""
    read = HostFacts(machine, dict(proven.facts.get(machine.host.name, {})))
    findings = findings_of(read, session.sheets, session.today, session.reports)
    met = (requirement_key(one.product, one.requirement) for one in findings if one.verdict in ("met", "waived"))
    kept = Accepted(variables=variables_of(machine), facts=facts, requirements=tuple(sorted(met)), tool=this_tool())
    data: dict[str, JsonValue] = kept.model_dump(mode="json")
    return data


def variables_of(machine: Machine) -> dict[str, dict[str, JsonValue]]:
    """All role variables of a host as plain data, by role (references to secrets, never their values)."""
    return {role.role: role.variables.model_dump(mode="json", by_alias=True) for role in machine.roles}


def variables_digest(machine: Machine) -> str:
    """SHA-256, hex, of all role variables of a host (references to secrets, never their values)."""
    return digest_of(variables_of(machine))


def digest_of(variables: Mapping[str, Mapping[str, JsonValue]]) -> str:
    """SHA-256, hex, of variables by role."""
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
