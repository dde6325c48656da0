"""Aeskulap on a reading station, driven as a reader does: its own search in the archive, a double click, its C-MOVE.

Nothing is copied behind its back: the image comes into Aeskulap's own listener. A study is searched for by its
accession number, which each test study has for itself.
"""

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from builder.models.site import Host
from builder.probes.aeskulap_form import Form, exact_size, find_form, find_viewport, has_caret, study_rows
from builder.probes.hand import Box, Hand, HandError, open_hand
from builder.probes.held import Held
from builder.probes.pattern import Pattern
from builder.probes.samples import PATIENT_NAME
from builder.probes.station_viewer import QUIET_MINUTES, Shown, StationInUse
from builder.probes.watching import watch
from builder.survey.remote import Remote

AUTHORITY = "/run/pacsmith-screen/authority"
UNIT = "pacsmith-viewer.service"
_PATIENCE = 30.0  # seconds for the viewer's window, and for the archive's answer to a search
_REPAINT = 1.5  # seconds: what is scaled roughly first is drawn again well after one (SeriesView::schedule_repaint)
_NO_ANSWER = f"took more than {_PATIENCE:.0f} s"
_FULL_SCREEN = "F11"
_EXPANDER = ("Tab",) * 4  # from the name: modality, its button, date, "Advanced query options"
_ACCESSION = ("Tab",) * 3  # from there: study description, patient ID, accession number
_AGAIN = f"systemctl reset-failed {UNIT}; systemctl restart {UNIT}"
# Held by its standard input: also when we are killed the viewer is empty afterwards, and so are its cache and home.
_SESSION = """trap '' HUP PIPE
mark=$(mktemp /run/pacsmith-screen.XXXXXX) || exit 1
{again} && systemctl is-active -q {unit} && echo ready || {{ rm -f "$mark"; exit 1; }}
cat >/dev/null
systemctl stop {unit}
find {cache} -xdev -type f -newer "$mark" -delete
home=$(getent passwd {reader} | cut -d: -f6)
grep -rlZaF -- {patient} "$home" | xargs -0r rm -f --
rm -f "$mark"
{again}"""


class Aeskulap:
    """A StationViewer. Made by `open_aeskulap`."""

    def __init__(self, remote: Remote, hand: Hand, archive: str) -> None:
        self._remote = remote
        self._hand = hand
        self._archive = archive
        self._fresh = True
        self._seen: Form | None = None
        self._full_screen = False  # the size of a pattern that fits pixel for pixel was measured so

    def show(
        self,
        pattern: Pattern,
        enough: Callable[[bytes], bool],
        patience: float,
        *,
        one_to_one: bool = False,
    ) -> Shown:
        """See StationViewer. A viewer that shows something already is started anew. Where the search comes to no study
        or to several, the screen is given as it is then, with a note. Raises HandError, Unreachable, StationInUse."""
        if not self._fresh:
            self._hand.yield_to_people()
            self._remote.run(_AGAIN, sudo=True)
        self._fresh = False
        form = self._hand.until(self._form, _PATIENCE)
        if form and one_to_one and self._full_screen:
            self._hand.press(_FULL_SCREEN)
            form = self._hand.until(partial(self._form_unlike, form), _PATIENCE)
        if form is None:
            return self._given_up("Aeskulap's search form did not come on the screen")
        if (studies := self._search(form, f"PS{pattern.layout.number:08X}")) is None:
            return self._given_up("Aeskulap did not open its advanced query options")
        row, wrong = self._hand.until(partial(self._found, studies), _PATIENCE) or (None, _NO_ANSWER)
        if row is None:
            return self._given_up(f"Aeskulap's search in {self._archive} {wrong}")
        began = time.monotonic()
        self._hand.click(studies.left + studies.width // 4, row, times=2)
        return watch(self._hand, enough, began, patience, rest=_REPAINT)

    def scroll(self, by: int) -> None:
        """See StationViewer: the wheel is turned over the image."""
        viewport = self.viewport()
        if viewport is None:
            raise HandError(f"{self._hand.host}: Aeskulap shows no image that could be scrolled; open a series first")
        self._hand.wheel(*viewport.centre, by)

    def look(self, enough: Callable[[bytes], bool], patience: float) -> Shown:
        """See StationViewer."""
        return watch(self._hand, enough, time.monotonic(), patience, rest=_REPAINT)

    def own_size(self) -> tuple[int, int]:
        """See StationViewer. A window without such a size fills the whole screen, here and in `show` with `one_to_one`;
        where that has none either, it is the nearest one, so that the mapping is found short."""
        viewport = self.viewport()
        if viewport is None:
            raise HandError(f"{self._hand.host}: Aeskulap shows no image whose size could be measured")
        if exact_size(viewport) is None and not self._full_screen:
            self._hand.press(_FULL_SCREEN)
            self._full_screen = True
            viewport = self._hand.until(partial(self._viewport_unlike, viewport), _PATIENCE) or viewport
        return exact_size(viewport) or (viewport.width + 2, viewport.height + 2)

    def viewport(self) -> Box | None:
        """Where on the screen the image is drawn, also where it leaves a margin; None when no study is open."""
        return find_viewport(self._hand.shot().frame.colours)

    def _window(self) -> Box | None:
        """The viewer's window, when it is the only one and gets what is typed."""
        shown = [window for window in self._hand.windows() if window.shown]
        return shown[0].box if len(shown) == 1 and shown[0].focus else None

    def _form(self) -> Form | None:
        """The search form, once it stays where it is."""
        window = self._window()
        found = find_form(self._hand.shot().frame.colours, window) if window else None
        before, self._seen = self._seen, found
        return found if found == before else None

    def _form_unlike(self, before: Form) -> Form | None:
        found = self._form()
        return found if found != before else None

    def _viewport_unlike(self, before: Box) -> Box | None:
        found = self.viewport()  # it moves first and grows then
        return found if found and found.height != before.height else None

    def _search(self, form: Form, accession: str) -> Box | None:
        """Ask the archive; the place of the list of studies, or None when the form does not open."""
        self._hand.click(*form.name.centre)
        self._hand.until(lambda: has_caret(self._hand.shot().frame.colours, form.name) or None, _PATIENCE)
        self._hand.press(*_EXPANDER, "space")

        def opened() -> Form | None:
            found = self._form()
            return found if found and found.studies.top > form.studies.top + form.name.height else None

        if (found := self._hand.until(opened, _PATIENCE)) is None:
            return None
        self._hand.press(*_ACCESSION)
        self._hand.type(accession)
        self._hand.press("Return")
        return found.studies

    def _found(self, studies: Box) -> tuple[int | None, str] | None:
        """The screen row of the one study that was found, or what is wrong; None while there is no answer."""
        if self._window() is None:
            return None, "finds no such study, or gets no answer"
        rows = study_rows(self._hand.shot().frame.colours, studies)
        if len(rows) > 1:
            return None, f"finds {len(rows)} studies where one belongs; look on which other archive it is, too"
        return (rows[0], "") if rows else None

    def _given_up(self, note: str) -> Shown:
        return Shown(self._hand.shot().png, None, f"{self._hand.host}: {note}.")


@contextmanager
def open_aeskulap(remote: Remote, host: Host, archive: str) -> Iterator[Aeskulap]:
    """The viewer of a reading station, started anew; at the end, also of a killed run, it is empty again.

    `archive` is the name of the one that is asked, for sentences. Raises StationInUse when somebody touched the station
    less than five minutes ago, HandError when its screen or viewer does not run, Unreachable.
    """
    assert host.workstation is not None
    with open_hand(remote, AUTHORITY) as hand:
        idle = hand.idle()
        if idle is not None and idle < QUIET_MINUTES * 60:
            raise StationInUse(host.name, idle)
        reader, cache = shlex.quote(host.workstation.reader), shlex.quote(str(host.workstation.cache.directory))
        script = _SESSION.format(again=_AGAIN, unit=UNIT, reader=reader, cache=cache, patient=shlex.quote(PATIENT_NAME))
        session = Held(remote, script, sudo=True)
        try:
            if session.said(_PATIENCE).strip() != "ready":
                reason = f"systemctl status {UNIT} says why"
                if not host.workstation.auto_login:  # the unit does nothing in front of a login screen
                    reason = f"log in at the station for an acceptance, or see what systemctl status {UNIT} says"
                raise HandError(f"{host.name}: {UNIT} cannot be started; {reason}")
            yield Aeskulap(remote, hand, archive)
        finally:
            session.release(_PATIENCE)
