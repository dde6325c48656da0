"""Images that came after the upgrade and before its way back: carried over, so that what was taken is not lost (pure).

They are kept as DICOM files outside the database that goes away, and given to Orthanc again. What it has already, since
somebody had deleted it meanwhile and it was sent again, it leaves as it was.
"""

import json

from builder.wayback.copy import ARRIVED as FOLDER
from builder.wayback.psql import psql
from builder.wayback.stored import arrived_script

_SPOOL = "/var/tmp/pacsmith-arrived"
"""Where the database's owner can write: on a disk, and by one name, so that what a cut has left there goes the next
time."""
_PSQL = psql(separator=" ")
_EXPORT = "runuser -u postgres -- psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname orthanc"
_BEYOND = (
    "join resources r on r.internalid = a.id and r.resourcetype = 3 and r.internalid > {mark} where a.filetype = 1"
)
MARK_SCRIPT = f"{_PSQL} --command 'select coalesce(max(internalid), 0) from resources'"
"""Shell text that prints the number after which whatever comes is new: Orthanc counts its resources upwards."""


def keep_script(mark: int, storage: str, directory: str, folder: str) -> str:
    """Shell text that keeps every instance beyond `mark` in `folder`/arrived, by Orthanc's own name for its file.
    `directory`: where images lie for storage `filesystem`. May be carried out again: what is there stays."""
    content = "s.content" if storage == "database" else "0"
    join = "join storagearea s on s.uuid = a.uuid" if storage == "database" else ""
    listed, there = f"{folder}/arrivals", f'"{folder}/{FOLDER}/$uuid.dcm"'
    kept = _from_database(listed, folder) if storage == "database" else _from_files(listed, directory, folder)
    select = f"select a.uuid, {content} from attachedfiles a {join} {_BEYOND.format(mark=mark)}"
    return (
        f'set -e; umask 077; mkdir -p {folder}; {_PSQL} --command "{select}" >{listed}; '
        f"{kept}; rm -f {folder}/{FOLDER}/*.part; "
        f"while read -r uuid object; do [ -e {there} ] || exit 1; done <{listed}; sync -f {folder}/{FOLDER}/. {folder}"
    )


def _from_files(listed: str, directory: str, folder: str) -> str:
    """A second name takes no room; what is there already is the same file, which mv would refuse."""
    there, part = f'"{folder}/{FOLDER}/$uuid.dcm"', f'"{folder}/{FOLDER}/$uuid.dcm.part"'
    place = f'{directory}/"$(echo "$uuid" | cut -c 1-2)/$(echo "$uuid" | cut -c 3-4)/$uuid"'
    copied = f"{{ cp --preserve=timestamps {place} {part} && sync {part}; }}"
    made = f"rm -f {part}; {{ cp --link {place} {part} 2>/dev/null || {copied}; }} && mv {part} {there}"
    one = f"{{ [ -e {there} ] || {{ {made}; }}; }} && echo {place} >>{folder}/orphans"
    return (
        f"{arrived_script(directory, folder)}; : >{folder}/orphans; "
        f"while read -r uuid object; do {{ {one}; }} || exit 1; done <{listed}"
    )


def _from_database(listed: str, folder: str) -> str:
    """By one session of its owner for all of them (one for each took 0.11 s each, 2026-11-23)."""
    there, wanted = f"{folder}/{FOLDER}", f"{folder}/exports"
    export = f'printf \'\\\\lo_export %s %s\\n\' "$object" "{_SPOOL}/$uuid"'
    moved = 'mv "$file" "$to.part" && sync "$to.part" && mv "$to.part" "$to"'
    return (
        f"mkdir -p {there}; : >{folder}/orphans; rm -rf {_SPOOL}; trap 'rm -rf {_SPOOL}' EXIT; "
        f"install -d -m 700 -o postgres {_SPOOL}; "
        f'while read -r uuid object; do [ -e "{there}/$uuid.dcm" ] || {export}; done <{listed} >{wanted}; '
        f"{_EXPORT} <{wanted}; "
        f'for file in {_SPOOL}/*; do to="{there}/${{file##*/}}.dcm"; [ ! -e "$file" ] || {{ {moved}; }} || exit 1; done'
    )


def room_script(mark: int, folder: str) -> str:
    """Shell text that fails, and says how much is lacking, where what came beyond `mark` into an archive's database
    does not fit beside it. Nothing is changed."""
    size = f"select coalesce(sum(a.compressedsize), 0) from attachedfiles a {_BEYOND.format(mark=mark)}"
    disks = f"{_SPOOL.rpartition('/')[0]} {folder}"
    return (
        f'set -e; mkdir -p {folder}; wanted=$({_PSQL} --command "{size}"); '
        f"free=$(df --output=avail --block-size=1 {disks} | tail -n 2 | sort -n | head -n 1); "
        '[ "$wanted" -lt "$free" ] || { echo "what came since the upgrade takes $((wanted >> 20)) MiB, and '
        '$((free >> 20)) MiB are free: make room" >&2; exit 1; }'
    )


def give_back_script(folder: str) -> str:
    """Shell text that gives them to Orthanc, which must say of each that it has it, and then removes the files that the
    lost database had of them. Prints how many were new to it, and how many it had. May be carried out again."""
    return (
        f"set -e; cd {folder}/{FOLDER} 2>/dev/null || {{ echo 0 0; exit 0; }}; new=0; had=0; "
        'for file in *.dcm; do [ -e "$file" ] || continue; '
        'said=$(curl -fsS -K /etc/pacsmith/orthanc.curl --data-binary @"$file" http://127.0.0.1:8042/instances); '
        'case $said in *\'"Status" : "Success"\'*) new=$((new + 1));; *\'"Status" : "AlreadyStored"\'*) '
        'had=$((had + 1));; *) echo "$file: $said" >&2; exit 1;; esac; done; '
        f'[ ! -e {folder}/orphans ] || while read -r path; do rm -f "$path"; done <{folder}/orphans; echo $new $had'
    )


def forget_script(patient: str) -> str:
    """Shell text that removes the patient of exactly this ID, with all images, from the archive. May be carried out
    again."""
    ask, at = "curl -fsS -K /etc/pacsmith/orthanc.curl", "http://127.0.0.1:8042"
    query = json.dumps({"Level": "Patient", "CaseSensitive": True, "Query": {"PatientID": patient}})
    return (
        f"found=$({ask} --data '{query}' {at}/tools/find) || exit 1; "
        'for one in $(printf %s "$found" | tr -d \'[]",\'); do '
        f"{ask} -o /dev/null -X DELETE {at}/patients/$one || exit 1; done"
    )
