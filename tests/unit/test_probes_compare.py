"""Test images and their comparison: what differs is found, and what a transfer may rewrite is not held against it."""

from collections.abc import Callable
from io import BytesIO

import pydicom
import pytest
from pydicom import FileDataset
from pydicom.uid import ImplicitVRLittleEndian

from builder.probes.compare import by_instance, compare, data_set_bytes, difference
from builder.probes.samples import (
    PATIENT_NAME,
    RECIPES,
    Sample,
    make_sample,
    make_samples,
    packaged,
    patient_id,
    rate_images,
)

SAMPLES = make_samples("run-1", "ct01")
CT = SAMPLES[0]


def changed(change: Callable[[FileDataset], object]) -> bytes:
    image = pydicom.dcmread(BytesIO(CT.content))
    change(image)
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, image, enforce_file_format=True)
    return buffer.getvalue()


def test_equal() -> None:
    assert all(difference(sample.content, sample.content) is None for sample in SAMPLES)


def test_the_file_meta_group_may_change() -> None:
    def rename(image: FileDataset) -> None:
        image.file_meta.ImplementationVersionName = "ANOTHER_TOOL"

    file = changed(rename)
    assert file != CT.content
    assert difference(CT.content, file) is None


def implicit(image: FileDataset) -> None:
    image.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian


def one_pixel(image: FileDataset) -> None:
    image.PixelData = bytes([image.PixelData[0] ^ 1]) + image.PixelData[1:]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (one_pixel, "pixel data differ"),
        (lambda image: setattr(image, "PatientID", "ANOTHER"), "attributes differ: PatientID"),
        (lambda image: image.add_new(0x00091001, "LO", "private"), "attributes differ: (0009,1001)"),
        (implicit, "transfer syntax became Implicit VR Little Endian"),
    ],
)
def test_differences(change: Callable[[FileDataset], object], said: str) -> None:
    assert difference(CT.content, changed(change)) == said


def test_what_is_no_dicom_file_is_unreadable() -> None:
    assert str(difference(CT.content, b"<html>")).startswith("unreadable")
    with pytest.raises(ValueError, match="not a DICOM file"):
        data_set_bytes(b"\0" * 200)


def test_a_missing_image_is_a_fault() -> None:
    received = by_instance([sample.content for sample in SAMPLES[1:]] + [b"a log"])
    equal, faults = compare(SAMPLES, received)
    assert equal == len(SAMPLES) - 1
    assert faults == ["CT explicit: did not arrive"]


def test_samples_are_synthetic_and_their_own() -> None:
    again = make_samples("run-2", "ct01")
    uids = [uid for sample in (*SAMPLES, *again) for uid in (sample.study, sample.series, sample.instance)]
    assert len(set(uids)) == len(uids)
    for sample in SAMPLES:
        image = pydicom.dcmread(BytesIO(sample.content))
        assert image.PatientID == "PACSMITH-run-1"
        assert str(image.PatientName).startswith(PATIENT_NAME)
        assert image.Modality
        assert image.SOPInstanceUID == image.file_meta.MediaStorageSOPInstanceUID == sample.instance


def test_nothing_of_the_original_patient_stays() -> None:
    for recipe, sample in zip(RECIPES, SAMPLES, strict=True):
        original = pydicom.dcmread(packaged(recipe.file))
        made = pydicom.dcmread(BytesIO(sample.content))
        for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            assert made.get(keyword) != original.get(keyword), f"{recipe.name}: {keyword}"
        for word in str(original.get("PatientName", "")).split("^"):
            assert len(word) < 5 or word.encode() not in data_set_bytes(sample.content), f"{recipe.name}: {word}"


def test_many_transfer_syntaxes() -> None:
    syntaxes = {sample.syntax for sample in SAMPLES}
    assert {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1"} < syntaxes
    assert len(syntaxes) == len({sample.propose for sample in SAMPLES}) == 8


def test_patient_id_fits_its_value_representation() -> None:
    assert len(patient_id("x" * 100)) == 64


def test_what_stow_sends_is_not_what_was_stored() -> None:
    other: Sample = make_sample("run-1", "ct01")
    assert other.instance not in {sample.instance for sample in SAMPLES}


def test_rate_images_are_128_kb_each_and_all_different() -> None:
    images = [pydicom.dcmread(BytesIO(content)) for content in rate_images("run-1", "ct01", 5)]
    assert {len(image.PixelData) for image in images} == {128 * 1024}
    assert len({image.SOPInstanceUID for image in images}) == len({bytes(image.PixelData) for image in images}) == 5
    assert len({image.SeriesInstanceUID for image in images}) == 1
