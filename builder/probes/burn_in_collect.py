"""Bring back what came of a burn-in, results of the loads and counters of drives and kernel; and remove all of it."""

from builder.probes import burn_in_judge as judge
from builder.probes.burn_in_host import Found, ask
from builder.probes.burn_in_judge import Judged
from builder.probes.burn_in_load import FOLDER, UNIT, Load
from builder.probes.burn_in_result import disk_result, drawing_result, stress_result
from builder.probes.burn_in_watch import Drive, Watch, drive_of, kernel_complaints
from builder.survey.question import Question, Reply
from builder.survey.remote import Remote

_REMOVING = 660  # seconds that removing everything may take: dpkg's lock may be held by the host's own updates
_LOG_BYTES = 200_000
_LEFT = f"""\
systemctl list-units --all --plain --no-legend '{UNIT}*' | cut -d' ' -f1
test ! -e {FOLDER} || echo {FOLDER}
"""
_REMOVE = f"""\
systemctl stop {UNIT}.service '{UNIT}-*.service' 2>/dev/null
test ! -e {FOLDER}/clean || sh {FOLDER}/clean
test ! -d {FOLDER} || test -e {FOLDER}/clean || rm -rf {FOLDER}
{_LEFT}"""


def _asked(name: str, command: str) -> Question:
    return Question(name, command, (), lambda _: {})


def remove(remote: Remote) -> list[str]:
    """Stop and remove everything that a burn-in brought to a host; what could not be removed. Raises Unreachable."""
    return remote.run("sh -s", stdin=_REMOVE.encode(), sudo=True, timeout=_REMOVING).text.split()


def results(remote: Remote, loads: list[Load], directory: str | None, here: Found) -> list[Judged]:
    """One answer for each load. Raises Unreachable."""
    files = {"code": "cat", "result": "cat", "log": f"tail -c {_LOG_BYTES}"}
    asked = tuple(_asked(f"{load.name}-{file}", f"{command} {FOLDER}/{load.name}/{file}")
                  for load in loads for file, command in files.items())  # fmt: skip
    answers, _ = ask(remote, asked)
    return [_judged(load, [answers.get(f"{load.name}-{file}") for file in files], directory, here) for load in loads]


def _judged(load: Load, replies: list[Reply | None], directory: str | None, here: Found) -> Judged:
    code, result, log = (reply.text if reply is not None and reply.code == 0 else "" for reply in replies)
    raw = "\n".join((code, result, log))
    ended = int(code) if code.strip().isdecimal() else -1
    expected = f"{load.tool} tests it to the end"
    if not code.strip():
        last = log.strip().splitlines()[-1:] or ["it said nothing"]
        why = f"{load.tool} was stopped before it had a result: {last[0][:200]}"
        return judge.unknown(load.name, expected, why, raw)
    try:
        if load.name == "graphics":
            return judge.graphics(drawing_result(code, log), raw)
        if load.name == "disk":
            return judge.disk(disk_result(ended, result, log), directory or "", raw)
        return judge.stress(load.name, stress_result(ended, result, log), raw, container=here.container)
    except ValueError as why:
        return judge.unknown(load.name, expected, str(why), raw)


def drives(remote: Remote, here: Found) -> list[Drive]:
    """The drives' own counts; none of a machine that is not of metal or has no smartctl. Raises Unreachable."""
    if no_drives(here):
        return []
    asked = tuple(_asked(f"drive-{name}", f"smartctl -j -H -A /dev/{name}") for name in here.drives)
    answers, _ = ask(remote, asked)
    read = (drive_of(name, answers[f"drive-{name}"].text) for name in here.drives if f"drive-{name}" in answers)
    return [drive for drive in read if drive is not None]


def no_drives(here: Found) -> str:
    """Why the drives' own counts cannot be read; nothing where they can."""
    if here.virtual != "none":
        return f"{here.virtual} has no drives of its own"
    if not here.drives:
        return "the tested directory lies on no drive that this machine shows"
    return "" if "smartctl" in here.tools else "smartctl is not installed"


def complaints(remote: Remote, since: int) -> tuple[str, ...] | None:
    """What the kernel has complained of since then (seconds since 1970 by the host's clock); None when it cannot be
    read. Raises Unreachable."""
    command = f"journalctl -k -q --no-pager --since=@{since} -o json --output-fields=MESSAGE,PRIORITY"
    answers, _ = ask(remote, (_asked("kernel", command),))
    reply = answers.get("kernel")
    try:
        return kernel_complaints(reply.text) if reply is not None and reply.code == 0 else None
    except (ValueError, TypeError, AttributeError):
        return None


def counters(remote: Remote, here: Found, watch: Watch, before: list[Drive]) -> list[Judged]:
    """What the machine counted and logged meanwhile. Raises Unreachable."""
    virtual = here.virtual != "none"
    after = drives(remote, here)
    why = no_drives(here) or "the drives keep no counts that smartctl knows"
    said = None if here.container else complaints(remote, here.now)
    return [
        judge.temperature(watch, virtual=virtual),
        judge.throttling(watch, virtual=virtual),
        judge.memory_errors(watch, virtual=virtual),
        judge.kernel(said, container=here.container),
        judge.drives(before, after, why, virtual=virtual),
        judge.services(watch, container=here.container),
    ]


def running(remote: Remote) -> str | None:
    """The run whose burn-in is under way on a host at this moment; None when none is. Raises Unreachable."""
    said = remote.run(f"systemctl -q is-active {UNIT}.service && cat {FOLDER}/run; true", sudo=True, timeout=60)
    return said.stdout.decode("utf-8", "replace").strip() or None
