"""A host of the lab whose system lies on btrfs, as on a server that takes snapshots, and not on an overlay."""

import json
import subprocess
from pathlib import Path

from builder.lab import mounts
from builder.lab.layout import Layout
from tests.lab.conftest import BuiltSite, run_steps

_BYTES = 12 * 2**30
_PROGRAMS = (
    "sudo apt-get -q update && "
    "sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install btrfs-progs"
)


def moved_to_btrfs(site: BuiltSite, name: str) -> None:
    """Stop the lab, put the disk of the host called `name` into a file with btrfs in it, and boot from that. `lab down`
    takes it away with all else; until then the lab must not be stopped."""
    run_steps(site, ["lab", "down", "--keep", site.name])
    folder = Layout.of(site.name).host(name)
    image, was, made = folder.path / "disk.btrfs", folder.path / "was", folder.path / "made"
    layers = tuple(Path(layer) for layer in json.loads(folder.disk_state.read_text())["layers"])
    mounts.mount_overlay(layers, folder.upper, folder.work, was)
    with image.open("wb") as file:
        file.truncate(_BYTES)
    made.mkdir()
    for argv in (
        ["mkfs.btrfs", "--quiet", image],
        ["mount", "-o", "loop", image, made],
        ["btrfs", "subvolume", "create", made / "host"],
        ["cp", "--archive", f"{was}/.", made / "host"],
        ["umount", was],
        ["umount", made],
        ["mount", "-o", "loop,subvol=host", image, folder.root],
    ):
        subprocess.run([str(word) for word in argv], check=True, stdout=subprocess.DEVNULL)
    run_steps(site, ["lab", "up", site.name])
    done = site.on(name, _PROGRAMS, timeout=600)  # Debian's installer brings them where it makes such a system
    assert done.returncode == 0, done.stdout + done.stderr
