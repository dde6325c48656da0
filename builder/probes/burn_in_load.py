"""What a burn-in runs on a host, as text for its shell: pure. All of it lives below one folder and one systemd unit.

The unit `pacsmith-burn-in` holds everything: the loads are bound to it, and whatever ends it (its time, a stop, a
shutdown) also removes files and packages. So a pacsmith that was killed leaves nothing running.
"""

import shlex
from typing import NamedTuple

from builder.models.site import Host

FOLDER = "/var/lib/pacsmith-burn-in"
UNIT = "pacsmith-burn-in"
INSTALLING = 900  # seconds that the tools may take to install
GRACE = 60  # seconds that a tool gets to end by itself after its time
HOLD = 180  # seconds after the loads in which results are fetched
_FILE = "pacsmith-burn-in"  # the folder of the disk's test file, below the one that is tested
_MIB = 1 << 20
_CONTAINER_MEMORY = 256 * _MIB
_LEAST_FREE = 1 << 30
_LARGEST_FILE = 1 << 30
_SMALLEST_FILE = 64 * _MIB
_WRITE_RATE = "64m"  # bytes a second: an hour writes 0.2 TB, which wears a solid-state drive by little
_TOOLS = {"processor": "stress-ng", "memory": "stress-ng", "disk": "fio", "graphics": "glmark2"}
_GROUP = "rdma"  # which Debian's libibverbs1, a dependency of fio, makes and leaves behind when it is purged
PACKAGES = {"stress-ng": "stress-ng", "fio": "fio", "glmark2": "glmark2-x11"}
"""Program -> Debian's package of it."""


class Load(NamedTuple):
    """One load: `script` is run by sh in its own folder; `memory` is what it may use at most, in bytes."""

    name: str
    script: str
    user: str = "root"
    memory: int | None = None

    @property
    def tool(self) -> str:
        """The program that it runs."""
        return _TOOLS[self.name]

    @property
    def unit(self) -> str:
        """Its systemd unit."""
        return f"{UNIT}-{self.name}.service"


def tested_directory(host: Host) -> str | None:
    """The directory whose disk is tested: an archive's storage, a reading station's cache; None where none is kept."""
    if host.archive is not None:
        return host.archive.storage_directory
    return host.workstation.cache.directory if host.workstation is not None else None


def memory_to_test(available: int, limit: int | None, *, container: bool) -> int:
    """Bytes: three quarters of what is available, and always leaving 1 GiB; 0 when that is too little to test.

    A container's memory is of the machine beneath, which others use: there it is a token amount.
    """
    most = min(available, limit if limit is not None else available)
    size = min(most * 3 // 4, most - _LEAST_FREE)
    if container:
        size = min(size, _CONTAINER_MEMORY)
    return size // _MIB * _MIB if size >= _SMALLEST_FILE else 0


def file_to_write(free: int) -> int:
    """Size of the disk's test file in bytes: a tenth of the free space, 1 GiB at most; 0 when that is too little."""
    size = min(free // 10, _LARGEST_FILE) // _MIB * _MIB
    return size if size >= _SMALLEST_FILE else 0


def processor_load(seconds: int) -> Load:
    """Every method of stress-ng on every processor, its results checked."""
    return Load("processor", _stress(["--cpu", "0", "--cpu-method", "all"], seconds), "nobody")


def memory_load(size: int, workers: int, seconds: int) -> Load:
    """Every pattern of stress-ng in `size` bytes shared by `workers`, read back and compared."""
    argv = ["--vm", str(workers), "--vm-bytes", str(size), "--vm-method", "all", "--vm-keep"]
    return Load("memory", _stress(argv, seconds), "nobody", size + 512 * _MIB)


def _stress(argv: list[str], seconds: int) -> str:
    whole = ["stress-ng", *argv, "--verify", "--metrics", "--timeout", f"{seconds}s", "--yaml", "result"]
    return _coded(shlex.join(whole))


def disk_load(directory: str, size: int, seconds: int) -> Load:
    """fio writes a file, reads it back and compares checksums, again and again; past the page cache where it can."""
    folder = shlex.quote(_test_folder(directory))
    argv = [
        "fio", "--name=burn-in", f"--filename={_test_folder(directory)}/data", f"--size={size}", "--bs=256k",
        "--rw=write", "--ioengine=psync", "--verify=crc32c", "--verify_fatal=1", "--loops=1000000",
        f"--runtime={seconds}", f"--rate=,{_WRITE_RATE}", "--output-format=json", "--output=result",
    ]  # fmt: skip
    probe = f"dd if=/dev/zero of={folder}/data bs=4096 count=1 oflag=direct 2>/dev/null && direct=1"
    return Load("disk", f"direct=0; {probe}; " + _coded(f'{shlex.join(argv)} --direct="$direct"'))


def graphics_load(seconds: int, authority: str) -> Load:
    """glmark2 draws beside the screen, so that nothing is seen of it: first its pictures are checked, then it loops."""
    settings = f"DISPLAY=:0 XAUTHORITY={shlex.quote(authority)}; export DISPLAY XAUTHORITY"
    check = min(60, seconds // 2)
    timed = f"timeout -k 10 {check} glmark2 --off-screen --validate"
    loop = f"timeout -k 10 {seconds - check} glmark2 --off-screen --run-forever"
    return Load("graphics", f"{settings}; {timed}; checked=$?; {loop}; code=$?; echo $checked $code >code")


def _coded(command: str) -> str:
    return f"{command}; echo $? >code"


def _test_folder(directory: str) -> str:
    return f"{directory}/.{_FILE}"


def clean_script() -> str:
    """Stops the loads, removes their files and the packages that a burn-in brought, and then itself. Packages that
    something else has come to need meanwhile stay: dpkg removes none that is depended upon."""
    return f"""\
cd /
systemctl stop '{UNIT}-*.service' 2>/dev/null
systemctl reset-failed '{UNIT}-*.service' 2>/dev/null
while read -r folder; do rm -rf -- "$folder"; done <{FOLDER}/folders
DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND
tries=0
while [ -s {FOLDER}/packages ] && ! dpkg --purge $(cat {FOLDER}/packages) >{FOLDER}/purge.log 2>&1; do
  tries=$((tries + 1)); [ $tries -lt 60 ] || exit 1
  sleep 2
done
test ! -e {FOLDER}/group || groupdel {_GROUP} 2>/dev/null
rm -rf {FOLDER}
"""


def hold_script(run: str, packages: list[str], directory: str | None) -> str:
    """Marks the host and starts the unit that holds everything, before anything is changed."""
    folders = _test_folder(directory) + "\n" if directory else ""
    script = f"while [ $(cut -d. -f1 /proc/uptime) -lt $(cat {FOLDER}/until) ]; do sleep 2; done"
    return f"""\
set -e
umask 077
mkdir -p {FOLDER}
printf %s {shlex.quote(clean_script())} >{FOLDER}/clean
printf '%s\\n' {shlex.quote(run)} >{FOLDER}/run
printf %s {shlex.quote(folders)} >{FOLDER}/folders
printf %s {shlex.quote(" ".join(packages))} >{FOLDER}/packages
getent group {_GROUP} >/dev/null || touch {FOLDER}/group
{_until(INSTALLING)}
sync -f {FOLDER}
systemd-run --quiet --collect --unit={UNIT} --description='Burn-in by pacsmith' \\
  -p TimeoutStopSec=600 -p OOMScoreAdjust=-500 -p ExecStopPost='/bin/sh {FOLDER}/clean' \\
  /bin/sh -c {shlex.quote(script.replace("$", "$$"))}
"""


def _until(seconds: int) -> str:
    """By the time since boot, which no correction of the clock moves."""
    return f"echo $(($(cut -d. -f1 /proc/uptime) + {seconds})) >{FOLDER}/until"


def install_script(packages: list[str]) -> str:
    """Installs the tools without keeping the packages' files."""
    return (
        f"set -e; mkdir -p {FOLDER}/debs/partial; DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND; "
        f"apt-get install -q -y --no-install-recommends --no-remove -o DPkg::Lock::Timeout=120 "
        f"-o Dir::Cache::archives={FOLDER}/debs/ {shlex.join(packages)} </dev/null >{FOLDER}/install.log 2>&1 "
        f"|| {{ tail -n 3 {FOLDER}/install.log; exit 1; }}; rm -rf {FOLDER}/debs"
    )


def start_script(loads: list[Load], directory: str | None, seconds: int) -> str:
    """Starts all loads at once, each as a unit of its own that ends with the holding one; they yield to everything."""
    lines = ["set -e", _until(seconds + GRACE + HOLD)]
    if directory:
        lines += [f"mkdir -p {shlex.quote(_test_folder(directory))}"]
    lines += [f"chmod 711 {FOLDER}", *(line for load in loads for line in _start(load, seconds))]
    return "\n".join(lines) + "\n"


def _start(load: Load, seconds: int) -> list[str]:
    folder = f"{FOLDER}/{load.name}"
    settings = {
        "BindsTo": f"{UNIT}.service", "After": f"{UNIT}.service", "User": load.user, "WorkingDirectory": folder,
        "RuntimeMaxSec": str(seconds + GRACE), "TimeoutStopSec": "20", "Nice": "19", "CPUWeight": "1",
        "IOSchedulingClass": "idle", "IOWeight": "1", "OOMScoreAdjust": "1000", "StandardOutput": f"file:{folder}/log",
        "StandardError": f"file:{folder}/log", "MemorySwapMax": "0",
    }  # fmt: skip
    if load.memory is not None:
        settings["MemoryMax"] = str(load.memory)
    given = " ".join(f"-p {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
    script = shlex.quote(load.script.replace("$", "$$"))  # systemd puts variables of its own in, too
    return [
        f"mkdir {folder}; chown {load.user}: {folder}",
        f"systemd-run --quiet --collect --unit={load.unit} {given} /bin/sh -c {script}",
    ]
