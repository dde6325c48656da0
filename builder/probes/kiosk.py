"""A thin client's kiosk as the viewer of a station: the real browser shows a study through the archive's web viewer.

The study's address is given to the kiosk's own session; the browser's sign-in dialog is answered as a person would.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from builder.probes.hand import Box, Hand, open_hand
from builder.probes.kiosk_session import UNIT, KioskError, KioskSession, open_session
from builder.probes.kiosk_signin import sign_in_asked
from builder.probes.pattern import Pattern
from builder.probes.screen_picture import open_picture
from builder.probes.station_viewer import QUIET_MINUTES, Shown
from builder.probes.watching import watch
from builder.survey.remote import Remote

AUTHORITY = "/run/pacsmith-x/authority"
ONE_TO_ONE = "&hangingProtocolId=@ohif/hpScale"  # OHIF's own hanging protocol `Scale Images`, stage `Scale 1:1`
_ASKS = 60.0  # seconds within which the page asks for a password, the browser's start included
_ANSWERED = 15.0  # seconds within which the dialog goes
_DEAF = 0.6  # seconds; Chromium takes no confirmation in the first half of a second of a dialog
_BARS = 56  # pixels above and below the image; measured with OHIF 3.12.10, 2026-11-22
_NEXT = 10.0  # seconds within which another image of a series is shown
_SETTLES = 3.0  # seconds that an image must stay right: OHIF's tour came 0.4 to 0.8 s after it, 2026-11-22
_RESTS = 0.4  # seconds without a change, after which an image is taken for whole


@dataclass(frozen=True)
class Kiosk:
    """Made by `open_kiosk`; a StationViewer."""

    host: str
    origin: str
    user: str
    password: SecretStr
    hand: Hand
    session: KioskSession
    opened: float  # time.monotonic() before anything was asked of the station

    def show(
        self, pattern: Pattern, enough: Callable[[bytes], bool], patience: float, *, one_to_one: bool = False
    ) -> Shown:
        """Show the pattern's study in a new session, fitted to the viewer's window, or each pixel of it on one of the
        screen's with `one_to_one`.

        `Shown.seconds` count from the moment that the sign-in is confirmed: the viewer's start is in it, the browser's
        is not. Screenshots follow each other in 0.2 to 1 s, and what is given back has stayed for 3 s: a tour comes
        after the image. A page that asks for no password within a minute, as a blank one does, is shown as it is,
        with None and a note.
        Raises KioskError when no session begins or the sign-in is refused; StationInUse, HandError, Unreachable.
        """
        self._yield_to_people()
        self.session.begin(self.address(pattern.sample.study, one_to_one=one_to_one))
        window = self._window()
        if self.hand.until(lambda: sign_in_asked(self.hand.shot().frame.colours, window) or None, _ASKS) is None:
            return Shown(self.hand.shot().png, None, f"the page asked for no password within {_ASKS:.0f} s")
        return self._watch(enough, self._sign_in(window), window, patience, rest=_SETTLES)

    def own_size(self) -> tuple[int, int]:
        """See StationViewer: as large as the window holds beside the viewer's own bars."""
        window = self._window()
        side = whole_side(min(window.width, window.height - _BARS))
        return side, side

    def scroll(self, by: int) -> None:
        """Go on by so many images of the series that is shown; backwards when negative. After each the screen must
        change and then rest. Raises KioskError when it does not within 10 s; StationInUse, HandError, Unreachable."""
        for _ in range(abs(by)):
            self._press_and_wait("Down" if by > 0 else "Up")

    def look(self, enough: Callable[[bytes], bool], patience: float) -> Shown:
        """See StationViewer. Raises KioskError, StationInUse, HandError, Unreachable."""
        return self._watch(enough, time.monotonic(), None, patience)

    def address(self, study: str, *, one_to_one: bool = False) -> str:
        """Where OHIF shows a study."""
        return f"{self.origin}/viewer?StudyInstanceUIDs={study}" + (ONE_TO_ONE if one_to_one else "")

    def _sign_in(self, window: Box) -> float:
        """Answer the dialog; time.monotonic() when it was confirmed."""
        seen = time.monotonic()
        self.hand.type(self.user)
        self.hand.press("Tab")
        self.hand.type(self.password.get_secret_value())
        time.sleep(max(seen + _DEAF - time.monotonic(), 0))
        self.hand.press("Return")
        began = time.monotonic()
        if (
            self.hand.until(lambda: not sign_in_asked(self.hand.shot().frame.colours, window) or None, _ANSWERED)
            is None
        ):
            raise KioskError(f"{self.host}: the archive does not take the sign-in of {self.user}; see its web users")
        return began

    def _watch(
        self, enough: Callable[[bytes], bool], began: float, window: Box | None, patience: float, *, rest: float = 0.0
    ) -> Shown:
        def judged(png: bytes) -> bool:
            self._yield_to_people()
            if window is not None and sign_in_asked(open_picture(png).colours, window):
                raise KioskError(
                    f"{self.host}: the archive asks {self.user} for a password again; see its web users and rights"
                )
            return enough(png)

        return watch(self.hand, judged, began, patience, rest=rest)

    def _window(self) -> Box:
        """The browser's window, which is there when a session has begun."""
        found = [window.box for window in self.hand.windows() if "chromium" in window.name.lower()]
        if not found:
            raise KioskError(
                f"{self.host}: the browser has no window; see journalctl -u {UNIT.removesuffix('.service')}"
            )
        return found[0]

    def _press_and_wait(self, key: str) -> None:
        """The image's number in the series changes before the image does."""
        before = self.hand.shot().png
        resting: tuple[bytes, float] | None = None

        def other() -> bool | None:
            nonlocal resting
            shot = self.hand.shot()
            if resting is None or shot.png is not resting[0]:
                resting = shot.png, shot.at
            return True if resting[0] is not before and shot.at - resting[1] >= _RESTS else None

        self.hand.press(key)
        if self.hand.until(other, _NEXT) is None:
            raise KioskError(f"{self.host}: the viewer shows no further image of the series; see its screen")

    def _yield_to_people(self) -> None:
        """Raise StationInUse when somebody came since the kiosk was opened: who was there before has left, since
        `open_kiosk` saw to that."""
        self.hand.yield_to_people(time.monotonic() - self.opened)


@contextmanager
def open_kiosk(remote: Remote, host: str, origin: str, user: str, password: SecretStr) -> Iterator[Kiosk]:
    """The kiosk of a thin client, to be shown studies of the archive at `origin`, as https://archive.example.

    At the end, also when we die, the session begins anew with its own address. Raises StationInUse when somebody has
    touched the station in the last minutes, unless that was before its session; HandError, Unreachable.
    """
    opened = time.monotonic()
    with open_hand(remote, AUTHORITY) as hand:
        hand.yield_to_people(min(QUIET_MINUTES * 60, _session_age(remote)))
        with open_session(remote, host) as session:
            yield Kiosk(host, origin, user, password, hand, session, opened)


def whole_side(side: int) -> int:
    """The largest side, at most `side` pixels, of a square pattern that OHIF shows truly one-to-one.

    Its own 1:1 puts the screen's pixels exactly between those of the image (OHIF 3.12.10), so that rounding decides
    which is shown: sides that are powers of two come out exact, others with some lines doubled and some missing.
    """
    return 1 << (side.bit_length() - 1)


def _session_age(remote: Remote) -> float:
    """Seconds since the browser's session began."""
    said = remote.run(f"systemctl show -p ActiveEnterTimestampMonotonic --value {UNIT}; cat /proc/uptime").text.split()
    return float(said[1]) - int(said[0]) / 1e6
