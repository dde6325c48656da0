"""What must be so of a station that is left to itself: the viewer's cache and automatic updates."""

import json
import re
from collections.abc import Callable
from typing import Any

from testinfra.host import Host

from builder.probes.observed import differences

Variables = dict[str, Any]
Record = Callable[[str, object], None]  # what a met check saw, for its evidence
_FULL = 90  # per cent at which a person should look; Aeskulap has its images in memory, so it reads on all the same


def _says(host: Host, command: str) -> str:
    """Output of a command that must succeed."""
    answer = host.run(command)
    said = answer.stderr.strip() or answer.stdout.strip() or f"exit code {answer.rc}"
    assert answer.rc == 0, f"the host has no answer to {command.split(maxsplit=1)[0]}: {said}"
    return str(answer.stdout).strip()


def _mounted(host: Host, variables: Variables) -> dict[str, Any]:
    """What findmnt tells of the cache; it must be a mount of its own."""
    answer = host.run(f"findmnt --json --bytes -o SOURCE,FSTYPE,OPTIONS,SIZE,USE% {variables['cache_directory']}")
    assert answer.rc == 0, (
        f"nothing is mounted at {variables['cache_directory']}, so that the viewer may write nowhere; systemctl status "
        f"'{variables['cache_unit']}' says why"
    )
    found: dict[str, Any] = json.loads(answer.stdout)["filesystems"][0]
    return found


def test_cache_outlives_no_power_off(host: Host, variables: Variables, record_property: Record) -> None:
    """The viewer's cache is in memory that is never swapped to a disk, or on a disk under a key of this start alone."""
    found = _mounted(host, variables)
    if not variables["cache_encrypted"]:
        assert found["fstype"] == "tmpfs", f"the cache is {found['fstype']}, not in memory; run pacsmith build"
        swap = [line.split()[0] for line in _says(host, "cat /proc/swaps").splitlines()[1:]]
        disks = [name for name in swap if not name.startswith("/dev/zram")]
        assert not disks or "noswap" in found["options"], (
            f"the cache in memory can be swapped to {', '.join(disks)}; remove that, or write `encrypted: true`"
        )
        record_property("observed", "in memory, and no swap space takes it")
        return
    table = _says(host, f"dmsetup table {found['source']}").split()
    assert table[2:3] == ["crypt"], f"{found['source']} is not encrypted (dmsetup says {' '.join(table[2:3])})"
    key = _says(host, "sed -n 's/^pacsmith-viewer-cache *//p' /etc/crypttab").split()[1:2]
    assert key == ["/dev/urandom"], f"the cache's key is {' '.join(key) or 'not known'}, not made anew at each start"
    record_property("observed", f"on the disk, {table[3]}, with a key of this start")


def test_cache_is_the_readers_alone(host: Host, variables: Variables) -> None:
    """Nobody but the reader looks into the cache, and nothing in it can be run or give rights."""
    options = set(_mounted(host, variables)["options"].split(","))
    lacking = {"nosuid", "nodev", "noexec"} - options
    assert not lacking, f"the cache is mounted without {', '.join(sorted(lacking))}; run pacsmith build"
    mode, owner, group = _says(host, f"stat -c '%a %U %G' {variables['cache_directory']}").split()
    found = {"mode": mode, "owner": owner, "group": group}
    wanted = {"mode": "700", "owner": variables["reader"], "group": variables["reader"]}
    assert found == wanted, f"the cache: {differences(found, wanted)}; run pacsmith build"


def test_cache_has_its_size_and_room_left(host: Host, variables: Variables, record_property: Record) -> None:
    """The cache is as large as the site says, less what ext4 itself takes, and not nearly full."""
    found = _mounted(host, variables)
    size, wanted = int(found["size"]), int(variables["cache_size"])
    used = int(found["use%"].rstrip("%"))
    record_property("observed", f"{size} bytes, {used} % in use")
    least = wanted * (0.85 if variables["cache_encrypted"] else 1)
    assert least <= size <= wanted, f"the cache has {size} bytes, not {wanted}; run pacsmith build"
    assert used < _FULL, f"the cache is {used} % full; log out, or restart pacsmith-viewer, which empties it"


def test_updates_disturb_nobody(host: Host, variables: Variables, record_property: Record) -> None:
    """Automatic upgrades leave the viewer, and with NVIDIA driver and kernel, to a person, and never restart the
    host."""
    said = _says(host, "apt-config dump")
    kept = set(re.findall(r'^Unattended-Upgrade::Package-Blacklist:: "(.*)";$', said, re.MULTILINE))
    lacking = set(variables["kept_back"]) - kept
    assert not lacking, f"automatic upgrades may touch {', '.join(sorted(lacking))}; run pacsmith build"
    restart = re.findall(r'^Unattended-Upgrade::Automatic-Reboot "(.*)";$', said, re.MULTILINE)
    assert restart == ["false"], f"Automatic-Reboot is {restart[0] if restart else 'not set'}; run pacsmith build"
    record_property("observed", f"kept back: {', '.join(sorted(kept))}")
