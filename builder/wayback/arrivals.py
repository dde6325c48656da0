"""Images that came after the upgrade and before its way back: carried over, so that what was taken is not lost (pure).

They are kept as DICOM files outside the database that goes away, and given to Orthanc again. What it has already, since
somebody had deleted it meanwhile and it was sent again, it leaves as it was.
"""

import json

from builder.wayback.psql import psql

FOLDER = "arrived"
_PSQL = psql(separator=" ")
MARK_SCRIPT = f"{_PSQL} --command 'select coalesce(max(internalid), 0) from resources'"
"""Shell text that prints the number after which whatever comes is new: Orthanc counts its resources upwards."""


def keep_script(mark: int, storage: str, directory: str, folder: str) -> str:
    """Shell text that keeps every instance beyond `mark` in `folder`/arrived, by Orthanc's own name for its file, and
    prints how many there are. `directory`: where images lie for storage `filesystem`. May be carried out again."""
    content = "s.content" if storage == "database" else "0"
    join = "join storagearea s on s.uuid = a.uuid" if storage == "database" else ""
    select = (
        f"select a.uuid, {content} from attachedfiles a {join} "
        f"join resources r on r.internalid = a.id and r.resourcetype = 3 and r.internalid > {mark} where a.filetype = 1"
    )
    if storage == "database":
        export = "\\\\lo_export $object '$spool/$uuid'"
        one = f'runuser -u postgres -- psql --no-psqlrc --quiet --dbname orthanc --command "{export}"'
        one += f' && mv "$spool/$uuid" "{folder}/{FOLDER}/$uuid.dcm"'
        before = 'spool=$(mktemp -d); chown postgres: "$spool"; trap \'rm -rf "$spool"\' EXIT; '
    else:  # a second name takes no room; what is there already is the same file, which mv would refuse
        place = '"$(echo "$uuid" | cut -c 1-2)/$(echo "$uuid" | cut -c 3-4)/$uuid"'
        part = f'"{folder}/{FOLDER}/$uuid.dcm.part"'
        there = f'"{folder}/{FOLDER}/$uuid.dcm"'
        source = f"{directory}/{place}"
        copied = f"{{ cp --preserve=timestamps {source} {part} && sync {part}; }}"
        made = f"rm -f {part}; {{ cp --link {source} {part} 2>/dev/null || {copied}; }} && mv {part} {there}"
        one = f"{{ [ -e {there} ] || {{ {made}; }}; }} && "
        one += f'echo {directory}/{place} >>"{folder}/orphans"'
        before = ""
    listed = f"{folder}/arrivals"
    return (
        f'set -e; umask 077; mkdir -p {folder}/{FOLDER}; : >{folder}/orphans; {before}{_PSQL} --command "{select}" '
        f">{listed}; while read -r uuid object; do {{ {one}; }} || exit 1; done <{listed}; "
        f'rm -f {folder}/{FOLDER}/*.part; [ "$(ls {folder}/{FOLDER} | wc -l)" = "$(wc -l <{listed})" ]; '
        f"sync -f {folder}; ls {folder}/{FOLDER} | wc -l"
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
        'while read -r path; do rm -f "$path"; done <../orphans; echo $new $had'
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
