"""Images that came after the upgrade and before its way back: carried over, so that what was taken is not lost (pure).

They are kept as DICOM files outside the database that goes away, and given to Orthanc again, which knows by the SOP
Instance UID what it has already.
"""

FOLDER = "arrived"
_PSQL = (
    "runuser -u postgres -- psql --no-psqlrc --quiet --tuples-only --no-align --field-separator ' ' --dbname orthanc"
)
MARK_SCRIPT = f"{_PSQL} --command 'select coalesce(max(internalid), 0) from resources'"
"""Shell text that prints the number after which whatever comes is new: Orthanc counts its resources upwards."""


def keep_script(mark: int, storage: str, directory: str, folder: str) -> str:
    """Shell text that keeps every instance beyond `mark` in `folder`/arrived, by its SOP Instance UID, and prints
    how many there are. `directory`: where images lie for storage `filesystem`. May be carried out again."""
    content = "s.content" if storage == "database" else "0"
    join = "join storagearea s on s.uuid = a.uuid" if storage == "database" else ""
    select = (
        f"select i.value, a.uuid, {content} from attachedfiles a {join} "
        f"join resources r on r.internalid = a.id and r.resourcetype = 3 and r.internalid > {mark} "
        "join dicomidentifiers i on i.id = r.internalid and i.taggroup = 8 and i.tagelement = 24 where a.filetype = 1"
    )
    if storage == "database":
        export = "\\\\lo_export $object '$spool/$uid'"
        one = f'runuser -u postgres -- psql --no-psqlrc --quiet --dbname orthanc --command "{export}"'
        one += f' && mv "$spool/$uid" "{folder}/{FOLDER}/$uid.dcm"'
        before = 'spool=$(mktemp -d); chown postgres: "$spool"; trap \'rm -rf "$spool"\' EXIT; '
    else:
        place = '"$(echo "$uuid" | cut -c 1-2)/$(echo "$uuid" | cut -c 3-4)/$uuid"'
        part = f'"{folder}/{FOLDER}/$uid.dcm.part"'
        one = f"{{ cp --link {directory}/{place} {part} 2>/dev/null || "  # a second name takes no room
        one += f'cp --preserve=timestamps {directory}/{place} {part}; }} && mv {part} "{folder}/{FOLDER}/$uid.dcm" && '
        one += f'echo {directory}/{place} >>"{folder}/orphans"'
        before = ""
    listed = f"{folder}/arrivals"
    return (
        f'set -e; umask 077; mkdir -p {folder}/{FOLDER}; : >{folder}/orphans; {before}{_PSQL} --command "{select}" '
        f">{listed}; while read -r uid uuid object; do {{ {one}; }} || exit 1; done <{listed}; "
        f'[ "$(ls {folder}/{FOLDER} | wc -l)" = "$(wc -l <{listed})" ]; sync -f {folder}; ls {folder}/{FOLDER} | wc -l'
    )


def give_back_script(folder: str) -> str:
    """Shell text that gives them to Orthanc, which must say of each that it has it, and then removes the files that the
    lost database had of them. Prints how many were given. May be carried out again."""
    return (
        f"set -e; cd {folder}/{FOLDER} 2>/dev/null || {{ echo 0; exit 0; }}; given=0; "
        'for file in *.dcm; do [ -e "$file" ] || continue; '
        'curl -fsS -K /etc/pacsmith/orthanc.curl --data-binary @"$file" http://127.0.0.1:8042/instances | '
        'grep -qE \'"Status" : "(Success|AlreadyStored)"\'; given=$((given + 1)); done; '
        'while read -r path; do rm -f "$path"; done <../orphans; echo $given'
    )
