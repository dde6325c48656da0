"""What a station's screen showed, as evidence; what no screenshot can show, for medical physics to attest (pure)."""

import hashlib
from collections.abc import Sequence
from datetime import datetime

from builder.models.evidence import Evidence, GreyStep, ScreenPicture, Verdict
from builder.models.site import Host, Site
from builder.probes.pattern_layout import PatternLayout
from builder.probes.screen_reading import ScreenReading
from builder.probes.station_viewer import Shown

_SOURCE = "role {role}, acceptance on the screen"
_ROLES = {"workstation": "workstation", "thin_client": "thin_client"}
# What a screenshot cannot see. Numbers: ACR-AAPM-SIIM Technical Standard 2012 (amended 2014), RANZCR Standards of
# Practice App. D, RCR 3rd edition (clinical review), DIN V 6868-157:2014 (room classes); facts of 2026-11-21.
_DIAGNOSTIC = {
    "luminance": "highest luminance at least 350 cd/m2, lowest at least 1 cd/m2, ratio at least 250 "
    "(ACR-AAPM-SIIM 2012; RANZCR App. D); mammography at least 420 cd/m2",
    "grey scale": "within 10 % of the DICOM grey scale standard display function (PS3.14) over the whole range, video "
    "look-up table loaded (ACR-AAPM-SIIM 2012)",
    "uniformity": "luminance across the panel differs by at most 30 % (RANZCR App. D)",
    "room": "illuminance at the panel at most 50 lx, room class 1 (DIN V 6868-157)",
}
_REVIEW = {
    "luminance": "highest luminance at least 250 cd/m2 (ACR-AAPM-SIIM 2012, other use)",
    "grey scale": "within 20 % of the DICOM grey scale standard display function (PS3.14), calibrated at least once a "
    "year (RCR, 3rd edition, clinical review)",
    "room": "illuminance at the panel known and recorded (DIN V 6868-157 names 100 lx for examination rooms)",
}


class ScreenRecord:
    """Makes evidence of one station in one run. `probe` is who looked, as 'Aeskulap on read01'."""

    def __init__(self, host: Host, run: str, probe: str) -> None:
        self.host = host
        self.run = run
        self.probe = probe
        self.source = _SOURCE.format(role=_ROLES[host.host_class])

    def greys(self, name: str, shown: Shown, reading: ScreenReading, at: datetime) -> Evidence:
        """Grey steps, insets, ramp and identity of one pattern."""
        return self.evidence(
            f"greys of {name}",
            f"each of 18 grey steps within {reading.tolerance:g} of 255, the 5 % and 95 % insets and the ramp seen",
            " ".join(filter(None, (shown.note, observed_greys(reading)))),
            reading.verdict,
            at,
            picture_of(shown.png, reading),
        )

    def mapping(self, name: str, shown: Shown, reading: ScreenReading, at: datetime) -> Evidence:
        """Whether each pixel of the image is one of the screen."""
        return self.evidence(
            f"pixel mapping of {name}", "each pixel of the image is one pixel of the screen, its finest lines resolved",
            reading.mapping, reading.mapping_verdict, at, picture_of(shown.png, reading, steps=False),
        )  # fmt: skip

    def first_image(self, shown: Shown, limit: float, at: datetime) -> Evidence:
        """Time from asking for a study to its first image, `limit` in seconds."""
        if shown.seconds is None:
            observed, verdict = f"no right image within {limit:g} s", "short"
        else:
            observed, verdict = f"{shown.seconds:.1f} s", "met" if shown.seconds <= limit else "short"
        one = self.evidence("time to first image", f"at most {limit:g} s from asking for a study to its right picture",
                            observed, verdict, at)  # type: ignore[arg-type]  # fmt: skip
        return one.model_copy(update={"seconds": shown.seconds})

    def scrolled(self, layout: PatternLayout, shown: Shown, reading: ScreenReading, at: datetime) -> Evidence:
        """Whether going on in a series leads to the image that it should."""
        verdict: Verdict = reading.verdict
        code = reading.code
        observed = f"slice {code.slice_number} is shown" if code else observed_greys(reading)
        if code and verdict != "met":
            observed += f"; {observed_greys(reading)}"
        return self.evidence(
            "scrolling",
            f"slice {layout.slice_number} of {layout.slices} after scrolling from the first, its greys right",
            observed, verdict, at, picture_of(shown.png, reading),
        )  # fmt: skip

    def failed(self, subject: str, fault: Exception, at: datetime) -> Evidence:
        """A viewer that could not be asked at all: unknown, never met."""
        return self.evidence(subject, "the station's viewer shows test patterns of its archive",
                             f"not looked at: {fault}", "unknown", at)  # fmt: skip

    def evidence(  # noqa: PLR0917 - the columns of one row
        self,
        subject: str,
        expected: str,
        observed: str,
        verdict: Verdict,
        at: datetime,
        screen: ScreenPicture | None = None,
    ) -> Evidence:
        """One line about the station's screen."""
        return Evidence(
            kind="check", subject=f"{self.host.name}: {subject}", source=self.source, expected=expected,
            observed=observed, verdict=verdict, at=at, probe=self.probe, host=self.host.name, run=self.run,
            raw_sha256=screen.sha256 if screen else None, screen=screen,
        )  # fmt: skip


def picture_of(png: bytes, reading: ScreenReading, *, steps: bool = True) -> ScreenPicture:
    """A screenshot and what was read from it; size 0 by 0 when it is no picture."""
    # PNG, third edition, 11.2.1: width and height are the first eight bytes of the IHDR chunk's data.
    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20)) if png[12:16] == b"IHDR" else (0, 0)
    read = [GreyStep(percent=step.percent, expected=step.expected, observed=step.observed) for step in reading.steps]
    return ScreenPicture(
        sha256=hashlib.sha256(png).hexdigest(), width=width, height=height, tolerance=reading.tolerance,
        steps=tuple(read) if steps else (),
    )  # fmt: skip


def observed_greys(reading: ScreenReading) -> str:
    """In words what was read: what is wrong, or how far the worst step is off."""
    if reading.faults:
        return "; ".join(fault.sentence for fault in reading.faults)
    if reading.worst is None:
        return "the grey steps could not be read"
    insets = ", ".join(
        f"{inset.patch.percent:g} % inset {'seen' if reading.seen(inset) else 'not seen'}" for inset in reading.insets
    )
    return f"worst step off by {reading.worst:.2f} of 255; {insets}"


def unseen(site: Site, host: Host, run: str, at: datetime, archives: Sequence[str] = ()) -> tuple[Evidence, ...]:
    """What a person must attest: medical physics of a station's panels luminance, grey scale, uniformity, room; and who
    reads there that images of the further `archives`, which no pattern came from, show as those of the first do."""
    asked = _DIAGNOSTIC if host.workstation is not None else _REVIEW
    record = ScreenRecord(host, run, "none: a screenshot is taken before look-up table and panel")
    settings = host.workstation or host.thin_client
    others = [display.name for display in settings.displays if not display.primary] if settings else []
    asked = asked | {
        f"display {name}": "the same greys as on the primary display, on which the viewer showed the patterns"
        for name in others
    }
    physicist = f"{_physicist(site)}, at {host.name} ({host.location})"
    wanted = [(f"panel, {what}", expected, "no probe can show it", physicist) for what, expected in asked.items()]
    wanted += [
        (f"images of {archive}", "they open as those of the first archive do", "no test pattern came from there",
         reader_of(host)) for archive in archives
    ]  # fmt: skip
    return tuple(
        record.evidence(what, expected, seen, "unknown", at).model_copy(update={"attest": who})
        for what, expected, seen, who in wanted
    )


def reader_of(host: Host) -> str:
    """Who can say what a station shows where no pattern can be shown."""
    return f"the person who reads at {host.name} ({host.location})"


def _physicist(site: Site) -> str:
    found = [person for person in site.contacts if "physic" in person.duty.casefold()]
    return f"{found[0].name} ({found[0].duty})" if found else "a medical physics expert"
