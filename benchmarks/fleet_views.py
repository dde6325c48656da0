"""One booted lab host under many addresses, each with its own view: name, and the files in which host and name stand.

OpenSSH on the host starts a forced command for every address of a view. It enters that view's namespaces (mounts and
host name, made once) and goes on as the login's user with what was asked for. Services are the one host's own: their
files differ, what runs does not. The one Orthanc lets in whoever is on the host, for each view has a password of its
own for it.
"""

import io
import shlex
import subprocess
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.fleet_site import VIEWS, address_of, name_of
from builder.lab.lab import Lab
from builder.load import load_site

_FORCED = f"""MaxStartups 400:30:800
Match LocalAddress {VIEWS}
    ForceCommand sudo -n --preserve-env=SSH_CONNECTION,SSH_ORIGINAL_COMMAND /usr/local/sbin/fleet-view
"""
_ENTER = """#!/bin/sh
set -- $SSH_CONNECTION
exec nsenter --mount=/run/fleet/space/$3/mnt --uts=/run/fleet/space/$3/uts -- \\
    setpriv --reuid "$SUDO_UID" --regid "$SUDO_GID" --init-groups -- sh -c "$SSH_ORIGINAL_COMMAND"
"""
_FIRST = f"""set -e
mkdir -p /run/fleet/files /run/fleet/space
mountpoint -q /run/fleet/space || mount --bind /run/fleet/space /run/fleet/space
mount --make-private /run/fleet/space
ip route replace local {VIEWS} dev lo
tar -xpf - -C /
chmod 755 /usr/local/sbin/fleet-view
cp -p /etc/orthanc/orthanc.json /run/fleet/orthanc.json
sed -i 's/"AuthenticationEnabled": true/"AuthenticationEnabled": false/' /run/fleet/orthanc.json
systemctl daemon-reload
systemctl reload ssh
systemctl restart orthanc
timeout 60 sh -c 'until curl -fsS -o /dev/null http://127.0.0.1:8042/system 2>/dev/null; do sleep 0.2; done'
"""
_SPACES = """set -e
tar -xpf - -C /run/fleet/files
cd /run/fleet/files
for name in *; do
    address=$(cat "$name/address")
    space=/run/fleet/space/$address
    [ ! -e "$space" ] || continue
    mkdir "$space"
    touch "$space/mnt" "$space/uts"
    # A namespace made on one processor may count as older than the host's own, and is then not kept ("Invalid
    # argument", seen 2026-11-22): another processor is tried.
    tries=0
    until taskset -c $((tries % $(nproc))) unshare --mount="$space/mnt" --uts="$space/uts" sh -ec '
        hostname "$1"
        cd "/run/fleet/files/$1/root"
        find . -type f | while read -r file; do mount --bind "$file" "/$file"; done
    ' sh "$name"; do
        tries=$((tries + 1))
        [ $tries -lt 32 ]
    done
done
"""
_OPEN = """[Service]
BindReadOnlyPaths=/run/fleet/orthanc.json:/etc/orthanc/orthanc.json
"""
_CHANGED = "/etc/hosts"
_FOREIGN = b"10.125.0.99 somebody-was-here\n"


class Host:
    """The one real host, asked as root."""

    def __init__(self, site: Path) -> None:
        self.lab = Lab(load_site(site).value)

    def said(self, script: str, given: bytes = b"") -> bytes:
        """What a shell text prints. Ends the benchmark when it fails."""
        argv = self.lab.ssh_argv(name_of(1), [f"sudo -n sh -c {shlex.quote(script)}"])
        done = subprocess.run(argv, input=given, capture_output=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{name_of(1)}: exit {done.returncode}\n{done.stderr.decode(errors='replace')[-2000:]}")
        return done.stdout


@contextmanager
def reachable(host: Host) -> Iterator[None]:
    """The views' addresses lead to the host for the length of the block."""
    route = ["ip", "route", "replace", VIEWS, "via", address_of(1)]
    subprocess.run(route, check=True)
    try:
        content = [
            ("usr/local/sbin/fleet-view", _ENTER),
            ("etc/ssh/sshd_config.d/90-fleet.conf", _FORCED),
            ("run/systemd/system/orthanc.service.d/fleet.conf", _OPEN),
        ]
        host.said(_FIRST, _tar((tarfile.TarInfo(name), text.encode()) for name, text in content))
        yield
    finally:
        subprocess.run(["ip", "route", "delete", VIEWS], check=False)


Files = Sequence[tuple[tarfile.TarInfo, bytes]]


def files_with(host: Host, words: Iterable[str], others: Iterable[str]) -> Files:
    """The files of pacsmith's roles on the host in which one of `words` stands, and `others`, with owner, mode and time
    (ns)."""
    wanted = "".join(f"{word}\n" for word in words).encode()
    named = shlex.join(path.removeprefix("/") for path in others)
    script = (
        "cat > /run/fleet/words; cd /; { grep -rlIF -f /run/fleet/words etc usr/local/sbin var/lib/pacsmith "
        f"2>/dev/null | grep -Ev '^etc/(ssh|systemd/network)/'; printf '%s\\n' {named}; }} | sort -u "
        "| tar --format=posix -cf - -T -"
    )
    found = []
    with tarfile.open(fileobj=io.BytesIO(host.said(script, wanted))) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                found.append((member, content.read()))
    if not found:
        raise SystemExit(f"{name_of(1)}: no file of it names it; was it built?")
    return found


def make_views(
    host: Host,
    files: Files,
    numbers: Iterable[int],
    as_of: Callable[[str, bytes, int], bytes],
    drifted: Callable[[int], bool],
) -> None:
    """Make a view for each number; `as_of` turns the content of the first host's file into another's. On the
    `drifted` ones somebody has added a line to a file."""
    made = []
    for number in numbers:
        name = name_of(number)
        made.append((tarfile.TarInfo(f"{name}/address"), address_of(number).encode()))
        for member, content in files:
            path = f"/{member.name}"
            text = as_of(path, content, number) + (_FOREIGN if drifted(number) and path == _CHANGED else b"")
            one = tarfile.TarInfo(f"{name}/root/{member.name}")
            one.mode, one.uid, one.gid = member.mode, member.uid, member.gid
            one.pax_headers = {"mtime": member.pax_headers.get("mtime", str(member.mtime))}
            made.append((one, text))
    host.said(_SPACES, _tar(made))


def _tar(files: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member, content in files:
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()
