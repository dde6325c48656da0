"""The system of a host on btrfs: a snapshot is its copy, of one moment, made at once, without room of its own (pure).

It is put back as every copy is, file by file: nobody has to know by which name the boot loader or fstab find the
subvolume. LVM's snapshots are not used: one that runs full is lost, and with it the way back."""

FOLDER = "/var/lib/pacsmith/way-back"
THERE = (
    '{ [ "$(stat --file-system --format %T /)" = btrfs ] && [ "$(stat --format %i /)" = 256 ] && '
    "command -v btrfs >/dev/null; }"
)
"""Shell text: whether the whole system can be taken so. A subvolume's own folder has the number 256 (btrfs)."""
ONLY_OURS = f"below=$(btrfs subvolume list -o /) && ! printf %s \"$below\" | grep -qv '{FOLDER[1:]}/'"
"""Shell text: whether no other subvolume lies below it, which a snapshot would leave out."""


def take_script(tree: str, of: str) -> str:
    """Shell text that makes the folder `tree` a snapshot of the subvolume `of`, in place of an older one."""
    return f"{drop_script(tree)}; btrfs subvolume snapshot {of} {tree} >/dev/null"


def drop_script(tree: str) -> str:
    """Shell text that removes the folder `tree` whole, also one that is a snapshot."""
    return f"[ ! -e {tree} ] || btrfs subvolume delete {tree} >/dev/null 2>&1 || true; rm -rf --one-file-system {tree}"
