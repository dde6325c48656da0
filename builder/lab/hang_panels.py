"""Hang panels on the outputs of X.org's dummy driver: switch each on, and give it its EDID as a property.

Runs on the lab's host, as root, with Python's standard library and the libraries that xrandr brings. Arguments: mode
and EDID in hexadecimal digits of each, as 2048x1536:00ff..., by the outputs' order. An output of this driver counts as
connected, and keeps its EDID, as long as it is switched on; only the first is so from the start (seen 2026-11-22).
"""

import ctypes
import subprocess
import sys

XA_INTEGER, REPLACE = 19, 0  # X.org's Xatom.h and X.h


class Resources(ctypes.Structure):
    """The beginning of XRRScreenResources (Xrandr.h)."""

    _fields_ = (
        ("timestamp", ctypes.c_ulong),
        ("config_timestamp", ctypes.c_ulong),
        ("crtc_count", ctypes.c_int),
        ("crtcs", ctypes.POINTER(ctypes.c_ulong)),
        ("output_count", ctypes.c_int),
        ("outputs", ctypes.POINTER(ctypes.c_ulong)),
    )


def switch_on(modes: list[str]) -> None:
    """Each output after the first shows a picture right of the one before."""
    for number, mode in enumerate(modes[1:], start=1):
        output = f"DUMMY{number}"
        subprocess.run(["xrandr", "--addmode", output, mode], check=True)
        subprocess.run(["xrandr", "--output", output, "--mode", mode, "--right-of", f"DUMMY{number - 1}"], check=True)


def hang(edids: list[bytes]) -> None:
    """Give the first outputs of the screen these EDIDs."""
    x11, xrandr = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXrandr.so.2")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.restype = x11.XInternAtom.restype = ctypes.c_ulong
    xrandr.XRRGetScreenResources.restype = ctypes.POINTER(Resources)
    screen = ctypes.c_void_p(x11.XOpenDisplay(None))
    if not screen:
        sys.exit("no screen")
    resources = xrandr.XRRGetScreenResources(screen, ctypes.c_ulong(x11.XDefaultRootWindow(screen))).contents
    atom = ctypes.c_ulong(x11.XInternAtom(screen, b"EDID", 0))
    for number, edid in enumerate(edids):
        output = ctypes.c_ulong(resources.outputs[number])
        kind = ctypes.c_ulong(XA_INTEGER)
        xrandr.XRRChangeOutputProperty(screen, output, atom, kind, 8, REPLACE, edid, len(edid))
    x11.XSync(screen, 0)


def main(panels: list[str]) -> None:
    """Switch on, then hang."""
    pairs = [panel.split(":") for panel in panels]
    switch_on([mode for mode, _ in pairs])
    hang([bytes.fromhex(digits) for _, digits in pairs])


if __name__ == "__main__":
    main(sys.argv[1:])
