"""What an archive keeps, instance by instance: by its database's word, and by the bytes themselves."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from builder.wayback.psql import psql
from builder.wayback.stored import KEPT

_COLUMNS = 6


@dataclass(frozen=True, order=True)
class Stored:
    """One stored instance. `size` in bytes and `md5` (hex) of the DICOM file, as received; `patient` is the SHA-256
    (hex) of the patient ID, so that no list of patients leaves the archive. `real` is the MD5 of the bytes where
    they lie, empty where they are not there."""

    sop_uid: str
    size: int
    md5: str
    study: str
    patient: str
    real: str


# Orthanc's tables, database version 6 (both 1.10 and 1.12): resource types 0 patient to 3 instance, file type 1 the
# DICOM file. Identifiers: SOP Instance UID (0008,0018), Study Instance UID (0020,000d), Patient ID (0010,0020).
_SELECT = """\
select i.value, a.uncompressedsize, a.uncompressedhash, st.value,
       encode(sha256(convert_to(coalesce(p.value, ''), 'UTF8')), 'hex'), {real}
  from attachedfiles a
  join resources r on r.internalid = a.id and r.resourcetype = 3
  join dicomidentifiers i on i.id = r.internalid and i.taggroup = 8 and i.tagelement = 24
  join resources series on series.internalid = r.parentid
  join resources study on study.internalid = series.parentid
  join dicomidentifiers st on st.id = study.internalid and st.taggroup = 32 and st.tagelement = 13
  left join dicomidentifiers p on p.id = study.parentid and p.taggroup = 16 and p.tagelement = 32
  {join}
 where a.filetype = 1"""
_PSQL = psql(separator="\t")


def manifest_script(storage: str, folder: str) -> str:
    """Shell text that prints a line an instance: its identifiers, size and MD5 as the database has them, and the MD5 of
    the bytes that lie in `folder` (storage `filesystem`) or in the database (`database`). Pure."""
    begin = (
        "set -e\nLC_ALL=C\nexport LC_ALL\nwork=$(mktemp -d)\ntrap 'rm -rf \"$work\"' EXIT\n"  # no pipe hides a failure
    )
    if storage == "database":
        real, join = "md5(lo_get(s.content))", "join storagearea s on s.uuid = a.uuid"
        return f'{begin}{_PSQL} --command "{_SELECT.format(real=real, join=join)}" >"$work/said"\nsort "$work/said"'
    select = _SELECT.format(real="a.uuid", join="")
    return (
        f'{begin}cd {folder}\n{_PSQL} --command "{select}" >"$work/said"\n'
        f'{find_script()} >"$work/files"\n'
        'xargs -0 -r -P 2 -n 200 md5sum <"$work/files" >"$work/sums"\n'
        'sort -t \'\t\' -k 6 "$work/said" >"$work/sorted"\n'
        'sed -E \'s|^([0-9a-f]{32})  .*/([^/]+)$|\\2\t\\1|\' "$work/sums" | sort >"$work/real"\n'
        'join -t \'\t\' -1 6 -2 1 -a 1 -o 1.1,1.2,1.3,1.4,1.5,2.2 "$work/sorted" "$work/real" >"$work/joined"\n'
        'sort "$work/joined"'
    )


def find_script() -> str:
    """Shell text that prints, NUL after each, the stored files below the folder where it is carried out, and none of
    their second names. Orthanc puts each file two folders deep. Pure."""
    return f"find . -path ./{KEPT} -prune -o -type f -path './*/*/*' -printf '%P\\0'"


def instances(text: str) -> Iterator[Stored]:
    """The lines of `manifest_script`. Raises ValueError for one that is none."""
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) != _COLUMNS:
            raise ValueError(f"no line of a manifest: {line[:80]!r}")
        yield Stored(fields[0], int(fields[1]), *fields[2:])


def line_of(one: Stored) -> str:
    """The line that `instances` reads."""
    return "\t".join((one.sop_uid, str(one.size), one.md5, one.study, one.patient, one.real))


@dataclass(frozen=True)
class Manifest:
    """All instances of an archive at one moment."""

    instances: tuple[Stored, ...]

    @property
    def digest(self) -> str:
        """SHA-256, hex, of all instances: what the database says of each, and what its bytes are."""
        return hashlib.sha256("".join(f"{line_of(one)}\n" for one in sorted(self.instances)).encode()).hexdigest()

    @property
    def studies(self) -> int:
        """How many studies they are of."""
        return len({one.study for one in self.instances})

    @property
    def size(self) -> int:
        """Bytes of all their files."""
        return sum(one.size for one in self.instances)

    @property
    def broken(self) -> tuple[Stored, ...]:
        """Those whose bytes are not there, or not what the database says of them."""
        return tuple(one for one in self.instances if one.real != one.md5)


def manifest_of(lines: Iterable[Stored]) -> Manifest:
    """A manifest, sorted."""
    return Manifest(tuple(sorted(lines)))


def differences(before: Manifest, after: Manifest) -> tuple[str, ...]:
    """What `after` does not have as `before` has it, or has more often, as sentences; what came in addition is none, if
    it came once. An archive may hold one SOP Instance UID in several series."""
    had, found = _by_uid(before), _by_uid(after)
    said = []
    for uid, was in had.items():
        now = found.get(uid, [])
        if not now:
            said.append(f"instance {uid} is missing")
        elif len(now) != len(was):
            said.append(f"instance {uid} is there {len(now)} times, and was there {len(was)} times")
        elif now != was:
            other = next(one for one in now if one not in was)
            said.append(f"instance {uid} is another one: {other.size} bytes, MD5 {other.real or 'of nothing'}")
    said += [f"instance {uid} came {len(now)} times" for uid, now in found.items() if uid not in had and len(now) > 1]
    return tuple(sorted(said))


def _by_uid(manifest: Manifest) -> dict[str, list[Stored]]:
    found: dict[str, list[Stored]] = {}
    for one in sorted(manifest.instances):
        found.setdefault(one.sop_uid, []).append(one)
    return found
