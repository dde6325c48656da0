"""Commands that a read-only check, or an earlier change, calls for."""

import re
import shlex
from collections.abc import Generator
from secrets import token_hex

from pyinfra.api.command import StringCommand
from pyinfra.api.operation import OperationMeta, operation
from pyinfra.context import host

from builder.engines.notes import (
    any_changed,
    ask,
    current_note,
    hidden,
    paths_of,
    stamp_path,
    stamp_text,
    things_may_move,
    things_moved,
)


def _as(user: str | None, text: str, stdin: str | None) -> str:
    text = (
        f"sh -c {shlex.quote(text)}" if user is None else f"runuser -u {shlex.quote(user)} -- sh -c {shlex.quote(text)}"
    )
    if stdin is None:
        return text
    mark = "INPUT" + token_hex(8)
    return f"{text} <<'{mark}'\n{stdin}\n{mark}"


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


@operation()
def command(
    *,
    run: str,
    unless: str | None,
    if_changed: tuple[OperationMeta, ...],
    user: str | None,
    stdin: str | None,
    stamp_name: str,
    judged_if: str | None = None,
) -> Generator[StringCommand]:
    """Run when `unless` fails or something of `if_changed` changed; the stamp keeps what a killed run still owed."""
    note, paths = current_note(host), paths_of(host, if_changed)
    stamp = stamp_path(_slug(stamp_name)) if paths else None
    needed = unless is None and not if_changed
    note.previewable = not needed
    asked = []
    if unless is not None:
        asked.append(f"( {_as(user, unless, None)} ) >/dev/null 2>&1 && echo met || echo due")
    if stamp is not None:
        asked.append(f'[ "$({stamp_text(paths)})" = "$(cat {stamp} 2>/dev/null)" ] && echo met || echo due')
    if asked:
        needed = "due" in ask(host, "\n".join(asked)).split()
    if needed and judged_if is not None and not host.state.is_executing:
        note.previewable = "yes" in ask(host, f"( {judged_if} ) >/dev/null 2>&1 && echo yes || echo no").split()
        note.why = None if note.previewable else "what it depends on does not answer now"
    if needed or any_changed(if_changed):
        after = f"\nmkdir -p {stamp_path('')} && {stamp_text(paths)} > {stamp}" if stamp is not None else ""
        yield hidden(f"set -e\n{_as(user, run, stdin)}{after}")


def wait_script(check: str, seconds: int, *, give_up: str | None, tell: str | None) -> str:
    """Shell text that asks `check` ten times a second; on giving up it prints `check`'s last words and those of `tell`.

    It says `waited` when it had to. Time is the host's uptime: its clock may jump while it is built.
    """
    hopeless = f"|| ( {give_up} ) >/dev/null 2>&1 " if give_up else ""
    lines = [
        "up() { read -r now rest < /proc/uptime; echo ${now%.*}; }",
        f"waited=; end=$(( $(up) + {seconds} ))",
        f"until said=$( ( {check} ) 2>&1 ); do",
        f'if [ "$(up)" -ge "$end" ] {hopeless}; then',
        "printf '%s\\n' \"$said\" | tail -n 3 >&2",
        f"( {tell} ) >&2" if tell else "",
        "exit 1; fi; waited=waited; sleep 0.1; done; echo $waited",
    ]
    return "\n".join(filter(None, lines))


@operation()
def wait_for(*, check: str, seconds: int, give_up: str | None, tell: str | None) -> Generator[StringCommand]:
    """Wait in a run, and never in a plan; nothing is changed, so no command is yielded."""
    if host.state.is_executing:
        waited = ask(host, wait_script(check, seconds, give_up=give_up, tell=tell), kept=False).strip()
        if waited or things_may_move(host):  # by themselves, while we waited or since the last change
            things_moved(host)
    yield from ()
