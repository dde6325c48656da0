"""A host of the lab with a folder on a disk of its own, as the images of most archives are."""

import json
import subprocess
from pathlib import Path

from builder.lab import mounts
from builder.lab.layout import Layout
from tests.lab.conftest import BuiltSite, run_steps

_BYTES = 2 * 2**30


def given_a_disk(site: BuiltSite, name: str, at: str) -> None:
    """Stop the lab, mount a file with ext4 in it at the folder `at` of the host called `name`, and boot it again.
    `lab down` takes it away with all else; until then the lab must not be stopped."""
    run_steps(site, ["lab", "down", "--keep", site.name])
    folder = Layout.of(site.name).host(name)
    layers = tuple(Path(layer) for layer in json.loads(folder.disk_state.read_text())["layers"])
    mounts.mount_overlay(layers, folder.upper, folder.work, folder.root)
    image, point = folder.path / "disk.ext4", folder.root / at.lstrip("/")
    with image.open("wb") as file:
        file.truncate(_BYTES)
    point.mkdir(parents=True)
    for argv in (["mkfs.ext4", "-q", image], ["mount", "-o", "loop", image, point]):
        subprocess.run([str(word) for word in argv], check=True, stdout=subprocess.DEVNULL)
    run_steps(site, ["lab", "up", site.name])
