"""A backup that has been restored: of the test images when the archive has no others, or it would prove nothing."""

import json
from datetime import UTC, datetime
from typing import Any

from builder.probes.question import Answer, Question
from builder.probes.stage import Stage

_UNITS = ("pacsmith-backup.service", "pacsmith-restore-test.service")
_REPORTS = "/var/lib/pacsmith"
BACKUP_HOURS = 26.0  # nightly, with two hours of grace
RESTORE_DAYS = 8.0  # weekly, with a day of grace
_SECONDS = 1800.0


def restore(stage: Stage, question: Question) -> Answer:
    """The newest backup and the last restore of it, as the host's own reports tell. Where none has compared a stored
    file yet, both are done now, while the archive holds the test images."""
    remote = stage.archive(question.target).remote
    began = datetime.now(UTC)
    log = b""
    if not _files_compared(stage, question.target):
        for unit in _UNITS:  # of systemd's: what ends with our connection would be reported as a backup that failed
            done = remote.run(_done(unit), sudo=True, timeout=_SECONDS)
            log += done.stdout + done.stderr
    backup, restored = _report(stage, question.target, "backup"), _report(stage, question.target, "restore-test")
    faults = [*_faults("backup", backup, BACKUP_HOURS), *_faults("restore", restored, RESTORE_DAYS * 24)]
    files = int(restored.get("files_compared", 0))
    if not files and not faults:
        faults.append("no stored file was compared")
    counts = restored.get("counts", "")
    return Answer(
        verdict="short" if faults else "met",
        observed="; ".join(faults)
        or f"backed up {backup['at']}, restored {restored['at']}: {files} stored files equal to their recorded MD5, "
        f"counts as in the archive ({counts})",
        probe=f"pacsmith-backup and pacsmith-restore-test on {question.target}",
        raw=log + json.dumps([backup, restored]).encode(),
        seconds=(datetime.now(UTC) - began).total_seconds(),
    )


def _done(unit: str) -> str:
    """Shell text that runs the unit from its beginning, after what it is at already, and prints what it said."""
    start = f"systemctl start {unit}"  # waits until it is done, and joins one that is under way
    under_way = f'[ "$(systemctl is-active {unit})" = activating ]'
    return f"! {under_way} || {start}; {start}; journalctl --quiet --unit {unit} --lines 20 --output cat"


def _report(stage: Stage, archive: str, name: str) -> dict[str, Any]:
    """The JSON report that the host keeps; empty when there is none or it cannot be read."""
    answer = stage.archive(archive).remote.run(["cat", f"{_REPORTS}/{name}.json"])
    try:
        read = json.loads(answer.stdout) if answer.code == 0 else {}
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _files_compared(stage: Stage, archive: str) -> int:
    last = _report(stage, archive, "restore-test")
    return int(last.get("files_compared", 0)) if last.get("result") == "ok" else 0


def _faults(what: str, report: dict[str, Any], hours: float) -> list[str]:
    """Why this report proves nothing; none when it does."""
    if not report:
        return [f"no {what} has been reported"]
    if report.get("result") != "ok":
        return [f"the last {what} failed while {report.get('step', 'it did what it does not say')}"]
    try:
        age = (datetime.now(UTC) - datetime.fromisoformat(str(report["at"]))).total_seconds() / 3600
    except (KeyError, ValueError):
        return [f"the last {what} does not say when it was"]
    return [f"the last {what} is {age:.0f} hours old, more than {hours:.0f}"] if age > hours else []
