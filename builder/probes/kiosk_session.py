"""A thin client's kiosk with another address than its own, for as long as we hold it: killed here, it goes back there.

The address lies below /run, in a drop-in of the kiosk's unit, so that a restart of the machine forgets it, too.
"""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager

from builder.errors import PacsmithError, Unreachable
from builder.probes.held import Held
from builder.survey.remote import Remote

UNIT = "pacsmith-kiosk.service"
ADDRESS = "PACSMITH_ADDRESS"  # what the role's kiosk-session shows instead of the archive's first page
DROP_IN = f"/run/systemd/system/{UNIT}.d/acceptance.conf"
FORGOTTEN = 900  # seconds without a word from us, after which the kiosk goes back to its own address
_BEGUN = 100  # seconds; the unit itself gives up after 90
_ENDED = 130.0

# A line is an address to show. `systemctl restart` ends when the browser's window answers.
_SCRIPT = f"""
drop_in={DROP_IN}
own() {{
  trap '' HUP INT TERM PIPE
  rm -f "$drop_in"; rmdir "${{drop_in%/*}}" 2>/dev/null
  systemctl daemon-reload; systemctl restart {UNIT}
  exit
}}
trap own HUP INT TERM PIPE
while read -r -t {FORGOTTEN} address; do
  mkdir -p "${{drop_in%/*}}" && printf '[Service]\\nEnvironment="{ADDRESS}=%s"\\n' "$address" >"$drop_in" &&
    systemctl daemon-reload && timeout {_BEGUN} systemctl restart {UNIT} >&2 && echo begun || echo refused
done
own
"""


class KioskError(PacsmithError):
    """The kiosk's browser cannot be brought to show a study."""


class KioskSession:
    """Made by `open_session`."""

    def __init__(self, host: str, held: Held) -> None:
        self._host = host
        self._held = held

    def begin(self, address: str) -> None:
        """End the session and begin one that shows `address`; back when the browser's window is there. Raises
        KioskError, Unreachable."""
        if any(character in address for character in '"\\\n'):
            raise KioskError(f"{self._host}: the address {address!r} cannot be given to the kiosk")
        try:
            self._held.send(address.replace("%", "%%").encode() + b"\n")
        except BrokenPipeError:
            raise Unreachable(f"{self._host}: the line to its kiosk has ended; see that the host is up") from None
        said = self._held.said(_BEGUN + 20).strip()
        if said != "begun":
            raise KioskError(
                f"{self._host}: the browser's session does not begin; see journalctl -u {UNIT.removesuffix('.service')}"
            )


@contextmanager
def open_session(remote: Remote, host: str) -> Iterator[KioskSession]:
    """The kiosk, to be given addresses. At the end, also when we die, the session is begun anew with its own address:
    nothing of what was shown is kept."""
    held = Held(remote, f"exec bash -c {shlex.quote(_SCRIPT)}", sudo=True)
    try:
        yield KioskSession(host, held)
    finally:
        held.release(_ENDED)
