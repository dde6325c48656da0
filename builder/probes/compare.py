"""Is what came back what was sent? Data sets are compared without the file meta group, which every sender rewrites."""

import hashlib
import struct
from collections.abc import Iterable, Mapping
from io import BytesIO

import pydicom
from pydicom import Dataset

from builder.probes.samples import Sample

_HEADER = 132  # preamble of 128 bytes and "DICM" (PS3.10, 7.1)


def data_set_bytes(file: bytes) -> bytes:
    """The bytes after the file meta group of a DICOM file. Raises ValueError when it is none."""
    if file[128:_HEADER] != b"DICM" or file[_HEADER : _HEADER + 8] != b"\x02\x00\x00\x00UL\x04\x00":
        raise ValueError("not a DICOM file with a group length in its file meta information")
    (length,) = struct.unpack("<I", file[_HEADER + 8 : _HEADER + 12])
    return file[_HEADER + 12 + length :]


def difference(sent: bytes, received: bytes) -> str | None:
    """None when both files carry the same data set in the same transfer syntax; otherwise what differs."""
    try:
        if data_set_bytes(sent) == data_set_bytes(received) and _syntax(sent) == _syntax(received):
            return None
        first = pydicom.dcmread(BytesIO(sent))
        second = pydicom.dcmread(BytesIO(received))
    except (ValueError, pydicom.errors.InvalidDicomError) as fault:
        return f"unreadable: {fault}"
    said = []
    if first.file_meta.TransferSyntaxUID != second.file_meta.TransferSyntaxUID:
        said.append(f"transfer syntax became {second.file_meta.TransferSyntaxUID.name}")
    if _pixels(first) != _pixels(second):
        said.append("pixel data differ")
    names = _changed(first, second)
    if names:
        said.append(f"attributes differ: {', '.join(names)}")
    return "; ".join(said) or "the encoding differs, the values do not"


def _meta(file: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(file), stop_before_pixels=True, specific_tags=["SOPInstanceUID"]).file_meta


def _syntax(file: bytes) -> str:
    return str(_meta(file).TransferSyntaxUID)


def _pixels(image: Dataset) -> str:
    return hashlib.sha256(image.get("PixelData", b"")).hexdigest()


def _changed(first: Dataset, second: Dataset) -> list[str]:
    tags = {element.tag for element in first} | {element.tag for element in second}
    pixel_data = 0x7FE00010
    return sorted(
        pydicom.datadict.keyword_for_tag(tag) or str(tag)
        for tag in tags
        if tag != pixel_data and first.get(tag) != second.get(tag)
    )


def compare(sent: Iterable[Sample], received: Mapping[str, bytes]) -> tuple[int, list[str]]:
    """How many of `sent` came back equal, and what is wrong with the others. `received`: file by SOP instance UID."""
    equal, faults = 0, []
    for sample in sent:
        file = received.get(sample.instance)
        what = "did not arrive" if file is None else difference(sample.content, file)
        if what is None:
            equal += 1
        else:
            faults.append(f"{sample.name}: {what}")
    return equal, faults


def by_instance(files: Iterable[bytes]) -> dict[str, bytes]:
    """Files by their SOP instance UID; whatever is no DICOM file is left out."""
    found = {}
    for file in files:
        try:
            found[str(_meta(file).MediaStorageSOPInstanceUID)] = file
        except (pydicom.errors.InvalidDicomError, AttributeError):
            continue
    return found
