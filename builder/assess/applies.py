"""Which sheets speak of a host, and in which use it stands (pure)."""

from collections.abc import Iterable

from builder.models.sheet import Sheet, class_product
from builder.models.site import Host


def sheets_for(host: Host, sheets: Iterable[Sheet]) -> tuple[Sheet, ...]:
    """The sheet of the host's product and version first, then the sheet of its class and operating system's release.

    Where several cover one product and version, the first holds (the loader puts the user's own before the shipped).
    """
    known = tuple(sheets)
    release = host.os.rpartition("-")[2]
    wanted = ((host.product.id, host.product.version), (class_product(host.host_class), release))
    found = (_first(known, product, version) for product, version in wanted)
    return tuple(sheet for sheet in found if sheet is not None)


def _first(sheets: tuple[Sheet, ...], product: str, version: str) -> Sheet | None:
    return next((sheet for sheet in sheets if sheet.product.id == product and sheet.covers(version)), None)


def uses_of(host: Host) -> frozenset[str]:
    """The words by which a requirement's `when` knows the host: "os:debian-13", "storage:filesystem", "dicom-tls", and
    the uses that the site names of a workstation, as "volume-rendering"."""
    storage = {f"storage:{host.archive.storage}"} if host.archive is not None else set()
    uses = {"dicom-tls"} if host.ae is not None and host.ae.tls else set()
    named = host.workstation.uses if host.workstation is not None else ()
    declared = host.workload.uses if host.workload is not None else ()
    return frozenset({f"os:{host.os}", *storage, *uses, *named, *declared})
