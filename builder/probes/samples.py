"""Synthetic test images: pydicom's own packaged files under invented names and fresh UIDs. Nothing is downloaded.

Each set belongs to one run (PatientID `PACSMITH-<run>`) and one sender (its own study), so that it can be told from
everything else in an archive and removed again.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom import Dataset, FileDataset
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

from builder.models.site import Site

PATIENT_PREFIX = "PACSMITH-"
PATIENT_NAME = "PACSMITH^TEST"
_PADDING = 0xFFFCFFFC
STREAM_ROWS = 64
RATE_ROWS = 256  # 256 x 256 pixels of 16 bits: 128 kB, the size that the archive's minimum rate speaks of


@dataclass(frozen=True)
class Recipe:
    """One packaged file and how storescu must be told to propose its transfer syntax."""

    name: str
    file: str
    propose: str


# Two uncompressed syntaxes and every compressed one that the modalities of a hospital use; the option is dcmtk's.
RECIPES: tuple[Recipe, ...] = (
    Recipe("CT explicit", "CT_small.dcm", "-xe"),
    Recipe("MR implicit", "MR_small_implicit.dcm", "-xi"),
    Recipe("US explicit", "examples_rgb_color.dcm", "-xe"),
    Recipe("plan implicit", "rtplan.dcm", "-xi"),
    Recipe("report explicit", "reportsi.dcm", "-xe"),
    Recipe("US JPEG baseline", "examples_ybr_color.dcm", "-xy"),
    Recipe("SC JPEG extended", "JPGExtended.dcm", "-xx"),
    Recipe("SC JPEG lossless", "SC_rgb_jpeg_gdcm.dcm", "-xs"),
    Recipe("MR JPEG-LS lossless", "MR_small_jpeg_ls_lossless.dcm", "-xt"),
    Recipe("US JPEG 2000 lossless", "examples_jpeg2k.dcm", "-xv"),
    Recipe("MR RLE", "MR_small_RLE.dcm", "-xr"),
)


@dataclass(frozen=True)
class Sample:
    """One synthetic instance. `content` is the whole DICOM file, `pixels` the value of its pixel data."""

    name: str
    propose: str
    modality: str
    study: str
    series: str
    instance: str
    sop_class: str
    syntax: str
    content: bytes = field(repr=False)
    pixels: bytes = field(repr=False, default=b"")

    @property
    def file_name(self) -> str:
        """A name for a folder on a stand-in, free of spaces."""
        return self.name.replace(" ", "-") + ".dcm"


def patient_id(run: str) -> str:
    """The PatientID of everything that `run` sends; DICOM's LO holds 64 characters."""
    return (PATIENT_PREFIX + run)[:64]


def letters_of(site: Site) -> str:
    """Letters for the test patients' names that must survive every search: a letter outside ASCII where all archives
    answer in a character set that has it."""
    encodings = {host.archive.default_encoding for host in site.hosts if host.archive is not None}
    if encodings <= {"Utf8", "Latin1", "Latin2", "Latin4", "Latin5"}:
        return "\u00c4\u00d6\u00dc"  # of every Latin set above
    return ""


def make_samples(run: str, sender: str, letters: str = "") -> tuple[Sample, ...]:
    """The set that `sender` stores in `run`: a study for each image; `letters` end the patient's given name.

    One image a study, because Orthanc opens one association for a C-MOVE and, where the receiver takes uncompressed
    images too, decodes whatever does not have the first image's transfer syntax: a mixed study cannot come back byte
    for byte. Raises FileNotFoundError without pydicom's packaged files.
    """
    return tuple(_make(recipe, run, sender, number, letters) for number, recipe in enumerate(RECIPES, start=1))


def make_sample(run: str, sender: str, letters: str = "") -> Sample:
    """One more instance of the first recipe, in a study of its own: what STOW-RS sends."""
    return _make(RECIPES[0], run, sender, 1, letters)


def packaged(name: str) -> Path:
    """A test file inside the installed pydicom; never fetched. Raises FileNotFoundError when it is not there."""
    found = get_testdata_file(name, download=False)
    if not isinstance(found, str):
        raise FileNotFoundError(f"pydicom carries no {name}; reinstall pydicom")
    return Path(found)


def _make(recipe: Recipe, run: str, sender: str, number: int, letters: str) -> Sample:
    image = pydicom.dcmread(packaged(recipe.file))
    if image.file_meta.TransferSyntaxUID.is_compressed:
        # Some packaged files hold fragments of odd length, which a sender pads, and one names its pixels OW, not OB.
        frames = list(generate_frames(image.PixelData, number_of_frames=int(image.get("NumberOfFrames", 1))))
        image.PixelData = encapsulate(frames, has_bot=False)
        image["PixelData"].VR = "OB"
    _rename(image, run, sender, number, letters)
    return sample_of(recipe.name, recipe.propose, image)


def sample_of(name: str, propose: str, image: FileDataset) -> Sample:
    """The sample that this data set is, as it is written to a file."""
    return Sample(
        name=name,
        propose=propose,
        modality=str(image.Modality),
        study=str(image.StudyInstanceUID),
        series=str(image.SeriesInstanceUID),
        instance=str(image.SOPInstanceUID),
        sop_class=str(image.SOPClassUID),
        syntax=str(image.file_meta.TransferSyntaxUID),
        content=written(image),
        pixels=image.get("PixelData", b""),
    )


def _rename(image: Dataset, run: str, sender: str, number: int, letters: str) -> None:
    """Nothing of the packaged file's patient, study or place stays."""
    for keyword in ("OtherPatientIDs", "OtherPatientIDsSequence", "PatientAddress", "ReferringPhysicianName",
                    "InstitutionName", "InstitutionAddress", "OperatorsName", "PhysiciansOfRecord"):  # fmt: skip
        if keyword in image:
            delattr(image, keyword)
    _settle(image)
    image.SpecificCharacterSet = "ISO_IR 192"
    image.PatientName = f"{PATIENT_NAME}{letters}^{sender.upper()}"
    image.PatientID = patient_id(run)
    image.PatientBirthDate = ""
    image.PatientSex = "O"
    image.StudyInstanceUID = generate_uid()
    image.SeriesInstanceUID = generate_uid()
    image.SOPInstanceUID = generate_uid()
    image.StudyID = "PACSMITH"
    image.AccessionNumber = ""
    image.StudyDescription = "pacsmith acceptance test"
    image.StudyDate = "20000101"
    image.StudyTime = "120000"
    image.SeriesNumber = number
    image.InstanceNumber = 1


def _settle(image: Dataset) -> None:
    """Give the one encoding that any DICOM toolkit would send: receivers drop group lengths and trailing padding and
    write sequences with explicit lengths, so anything else could not survive a comparison of bytes."""
    for tag in [element.tag for element in image if element.tag.element == 0 or element.tag == _PADDING]:
        del image[tag]
    for element in image:
        if element.VR == "SQ":
            element.is_undefined_length = False
            for item in element.value:
                item.is_undefined_length_sequence_item = False
                _settle(item)


def written(image: FileDataset) -> bytes:
    """The whole DICOM file of a data set, its file meta group made to agree with it."""
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
    buffer = BytesIO()
    pydicom.dcmwrite(buffer, image, enforce_file_format=True)
    return buffer.getvalue()


def rate_images(run: str, sender: str, count: int) -> Iterator[bytes]:
    """`count` CT images of one series, each 128 kB of pixels that do not compress."""
    study, series = generate_uid(), generate_uid()
    noise = random.Random(run).randbytes(RATE_ROWS * RATE_ROWS * 2)
    for number in range(1, count + 1):
        image = rate_image(UID(generate_uid()), study, series, number)
        image.PatientName = f"{PATIENT_NAME}^RATE"
        image.PatientID = patient_id(run)
        image.StationName = sender[:16]
        image.PixelData = hashlib.sha256(f"{run} {number}".encode()).digest() + noise[32:]
        yield written(image)


def stream_patient(run: str) -> str:
    """The patient ID under which a stand-in stores while the upgrade by `run` goes on."""
    return f"STREAM-{run}"[:64]


def stream_image(run: str) -> bytes:
    """One small CT image, to be stored again and again under new UIDs; its patient is none of those of a verification,
    which removes its own."""
    image = rate_image(UID(generate_uid()), generate_uid(), generate_uid(), 1)
    image.PatientName, image.PatientID = "SYNTHETIC^STREAM", stream_patient(run)
    image.Rows = image.Columns = STREAM_ROWS
    image.PixelData = bytes(STREAM_ROWS * STREAM_ROWS * 2)
    return written(image)


def rate_image(instance: UID, study: str, series: str, number: int) -> FileDataset:
    """One CT image of noise, without a patient yet."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset(BytesIO(), {}, file_meta=meta, preamble=b"\0" * 128)
    image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, instance
    image.StudyInstanceUID, image.SeriesInstanceUID = study, series
    image.Modality, image.StudyID, image.StudyDescription = "CT", "PACSMITH", "pacsmith transfer rate"
    image.StudyDate, image.StudyTime, image.AccessionNumber = "20000101", "120000", ""
    image.PatientBirthDate, image.PatientSex = "", "O"
    image.SeriesNumber, image.InstanceNumber = 1, number
    image.Rows = image.Columns = RATE_ROWS
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation = 15, 0
    image.RescaleIntercept, image.RescaleSlope = "0", "1"
    return image
