"""The stored images of an archive that keeps them as files: a second name for each of them (a hard link) keeps what
somebody deletes meanwhile, and takes no room (pure)."""

KEPT = ".way-back"
"""The folder of second names, where they must lie beside the images."""
_ARRIVED = ".arrived"


def links_script(storage: str, copy: str) -> str:
    """Shell text that gives every file below `storage` a second name, and takes those away that it does not have any
    more. In the folder of the copy where that is on the same disk, else beside the images. May be carried out again."""
    link = f"rsync --archive --delete --link-dest={storage} --exclude=/{KEPT} {storage}/ $there/"
    return f"{_place(storage, copy)}; mkdir -p $there; {link}"


def put_back_script(storage: str, copy: str) -> str:
    """Shell text that gives those names back to `storage` that it has lost since. May be carried out again."""
    return f"{_place(storage, copy)}; rsync --archive --ignore-existing --link-dest=$there $there/ {storage}/"


def arrived_script(storage: str, copy: str) -> str:
    """Shell text that makes the folder `arrived` of the copy: on the images' disk, so that what is kept there takes no
    room."""
    beside = f"mkdir -p $there{_ARRIVED}; ln -sfn $there{_ARRIVED} {copy}/arrived"
    return f"{_place(storage, copy)}; if [ $there = {copy}/stored ]; then mkdir -p {copy}/arrived; else {beside}; fi"


def drop_script(storage: str, copy: str) -> str:
    """Shell text that takes all second names away."""
    return f"{_place(storage, copy)}; rm -rf --one-file-system $there $there{_ARRIVED}"


def sweep_script(storage: str, copies: str) -> str:
    """Shell text that takes those away beside the images whose copy, in the folder `copies`, is not there any more: an
    upgrade that was killed before it began has left them."""
    return (
        f"for at in {storage}/{KEPT}/*; do name=${{at##*/}}; "
        f'[ ! -d "$at" ] || [ -d "{copies}/${{name%{_ARRIVED}}}" ] || rm -rf --one-file-system "$at"; done'
    )


def _place(storage: str, copy: str) -> str:
    name = copy.rpartition("/")[2]
    return (
        f"set -e; umask 077; mkdir -p {copy}; there={copy}/stored; "
        f'[ "$(stat --format %d {storage})" = "$(stat --format %d {copy})" ] || there={storage}/{KEPT}/{name}'
    )
