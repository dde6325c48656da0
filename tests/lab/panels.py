"""Hang panels on the connectors of a host that has none: their EDID, as a property of each RandR output.

Runs on the host, as root, with Python's standard library and the libraries that xrandr brings. Arguments: the EDIDs in
hexadecimal digits, by the connectors' order.
"""

import ctypes
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


if __name__ == "__main__":
    hang([bytes.fromhex(digits) for digits in sys.argv[1:]])
