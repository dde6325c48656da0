"""Fill an archive of the lab with synthetic studies, by a modality's own C-STORE: what an upgrade must not lose."""

import io
import random
import tarfile
from collections.abc import Iterator

from pydicom.uid import generate_uid

from builder.models.connection import Connection
from builder.probes.dcmtk import Way, scu, stored
from builder.probes.samples import rate_image, written
from builder.survey.remote import Remote

NAMES = ("Example^Ada", "Muster^Jörg", "Beispiel^Zoë", "Sample^Niall")
ROWS = 64


def studies(count: int, instances: int, seed: int = 1) -> Iterator[tuple[str, bytes]]:
    """File name and content of `count` studies with so many instances each, always of the same patients and pixels."""
    pixels = random.Random(seed)
    for number in range(count):
        study, series = generate_uid(), generate_uid()
        for instance in range(1, instances + 1):
            image = rate_image(generate_uid(), study, series, instance)
            image.SpecificCharacterSet = "ISO_IR 192"
            image.PatientName, image.PatientID = NAMES[number % len(NAMES)], f"SYNTHETIC-{number:04}"
            image.Rows = image.Columns = ROWS
            image.PixelData = pixels.randbytes(ROWS * ROWS * 2)
            yield f"{number:04}-{instance:03}.dcm", written(image)


def load(modality: Connection, way: Way, count: int, instances: int, seed: int = 1) -> None:
    """Store them from a stand-in; every one must be taken."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in studies(count, instances, seed):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    send = " ".join(scu("storescu", way, ["-xe", "+sd"], ["$there"]))
    with Remote(modality) as remote:
        script = f"there=$(mktemp -d); tar -x -C $there; TCP_NODELAY=1 {send} 2>&1; rm -rf $there"
        answer = remote.run(script, stdin=packed.getvalue(), timeout=900)
    taken = stored(answer.text)
    assert taken == count * instances, f"{taken} of {count * instances} were taken: {answer.text[-500:]}"
