"""The folder in which artefacts lie by their SHA-256: a file with such a name is whole, whatever was interrupted."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from builder.depot.faults import DepotFault, NotInDepot, remedy, wrong_sum
from builder.durable import held
from builder.errors import BadInput
from builder.models.depot import Artefact

FOLDER = Path(".pacsmith/depot")
State = Literal["there", "missing", "damaged"]
_CHUNK = 1 << 20
_UNDER_WAY = ".under-way-"


def sha256_of(file: Path) -> str:
    """SHA-256 of a file, hex. Raises OSError."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


@dataclass(frozen=True)
class Depot:
    """Artefacts on this machine's disk, below the project folder."""

    folder: Path = FOLDER

    def path(self, artefact: Artefact) -> Path:
        """Where the artefact lies, or would lie."""
        return self.folder / artefact.sha256

    def has(self, artefact: Artefact) -> bool:
        """Whether it lies there; its bytes are not read."""
        return self.path(artefact).is_file()

    def state(self, artefact: Artefact) -> State:
        """What its bytes say. Raises OSError when they cannot be read."""
        if not self.has(artefact):
            return "missing"
        return "there" if sha256_of(self.path(artefact)) == artefact.sha256 else "damaged"

    def whole(self, artefact: Artefact) -> Path:
        """The artefact's file, hashed just now. Raises NotInDepot with the remedy when it is missing or damaged."""
        state = self.state(artefact)
        if state == "missing":
            raise NotInDepot(f"{artefact} is not in the depot ({self.folder}); {remedy(artefact)}")
        if state == "damaged":
            place = self.path(artefact)
            raise NotInDepot(f"{artefact} is damaged in the depot ({place} has another checksum); {remedy(artefact)}")
        return self.path(artefact)

    def fetch(self, artefact: Artefact, get: Callable[[Artefact, Path], Path]) -> bool:
        """Make sure that the artefact lies here whole: `get` puts its file into a folder and returns it. False when it
        was there already, and then `get` is not called.

        Raises DepotFault when what came has another checksum, what `get` raises, OSError when a disk refuses.
        """
        with self._alone():
            if self.state(artefact) == "there":
                return False
            with tempfile.TemporaryDirectory(prefix=_UNDER_WAY, dir=self.folder) as scratch:
                found = self._take(get(artefact, Path(scratch)), artefact)
        if found is not None:
            raise DepotFault(
                f"{wrong_sum('what was fetched', artefact, found)}; nothing was kept: fetch it again, and if the "
                "checksum stays the same, ask its maker whether the release was replaced before you trust it"
            )
        return True

    def add(self, file: Path, artefacts: Sequence[Artefact]) -> Artefact:
        """Take a file that somebody handed in, whatever its name; which artefact it is, its checksum says.

        Raises BadInput for a file that cannot be read or that no artefact pins, OSError when the depot's disk refuses.
        """
        try:
            found = sha256_of(file)
        except OSError as refusal:
            raise BadInput(f"{file}: {refusal.strerror}; name a file that can be read") from None
        for artefact in artefacts:
            if artefact.sha256 == found:
                break
        else:
            raise BadInput(_not_known(file, found, artefacts))
        with self._alone():
            if self.state(artefact) != "there":
                copied = self._take(file, artefact)
                if copied is not None:
                    raise DepotFault(
                        f"{wrong_sum(f'{file} as copied', artefact, copied)}; the medium is faulty: copy it anew"
                    )
        return artefact

    def _take(self, source: Path, artefact: Artefact) -> str | None:
        """Copy `source` in as the artefact, flushed to disk before it gets its name; None, or the checksum of what was
        read when it is another one (nothing is kept then)."""
        handle, name = tempfile.mkstemp(prefix=_UNDER_WAY, dir=self.folder)
        copy = Path(name)
        try:
            found = _copied(source, handle)
            if found != artefact.sha256:
                return found
            copy.chmod(0o644)
            copy.replace(self.path(artefact))
            _synced(self.folder)
        finally:
            copy.unlink(missing_ok=True)
        return None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the depot against other pacsmith processes, and clear away what a killed one has left half done."""
        with held(self.folder):
            for left in self.folder.glob(f"{_UNDER_WAY}*"):
                shutil.rmtree(left) if left.is_dir() else left.unlink()
            yield

    def strangers(self, known: Sequence[Artefact]) -> tuple[Path, ...]:
        """Files that no artefact of the manifest names, sorted."""
        names = {artefact.sha256 for artefact in known}
        found = self.folder.iterdir() if self.folder.is_dir() else ()
        return tuple(sorted(file for file in found if file.name not in names and not file.name.startswith(".")))


def _not_known(file: Path, found: str, artefacts: Sequence[Artefact]) -> str:
    """The sentence for a handed-in file that no artefact pins; a file with an artefact's name is told both sums."""
    for artefact in artefacts:
        if file.name == artefact.file:
            return (
                f"{wrong_sum(str(file), artefact, found)}; it is damaged or another release: get it anew from its "
                "maker and compare the checksum that the maker publishes"
            )
    known = ", ".join(f"{artefact} ({artefact.file})" for artefact in artefacts)
    return (
        f"{file} is no artefact of the manifest: its SHA-256 is {found}; the manifest has {known}: get one of these, "
        "or describe the file in a specs/depot.yml of your own"
    )


def _copied(source: Path, handle: int) -> str:
    """Copy into an open file; the checksum of what went over. Closes the handle."""
    total = hashlib.sha256()
    with os.fdopen(handle, "wb") as target, source.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())
    return total.hexdigest()


def _synced(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
