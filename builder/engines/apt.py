"""Shell text for apt and dpkg, and what dpkg said (pure)."""

import shlex
from collections.abc import Sequence

LOG = "/var/log/pacsmith-apt.log"
_POLICY = "/usr/sbin/policy-rc.d"
_OURS = "# pacsmith: services wait for their configuration"
LOCK_SECONDS = 300
_APT = (
    f"apt-get -q -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout={LOCK_SECONDS} -o Dpkg::Use-Pty=0 "
    "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
)


_UPDATE = "apt-get -q update -o Acquire::Retries=3 -o APT::Update::Error-Mode=any"


def query_script(wanted: Sequence[str]) -> str:
    """Prints `name status` for each package that dpkg knows; exits 0."""
    return f"dpkg-query -W -f='${{Package}} ${{db:Status-Status}}\\n' {shlex.join(wanted)} 2>/dev/null || true"


def missing(wanted: Sequence[str], said: str) -> tuple[str, ...]:
    """Packages that are not installed whole, in the order wanted."""
    there = {name for name, _, status in (line.partition(" ") for line in said.splitlines()) if status == "installed"}
    return tuple(dict.fromkeys(name for name in wanted if name not in there))


def _detached(script: str) -> str:
    """Run to its end even when the connection breaks; output in a file on the host, its errors shown on failure."""
    errors = "^(E|dpkg): "
    return (
        f"setsid -w sh -c {shlex.quote(script)} >{LOG} 2>&1 </dev/null || {{ "
        f"if grep -qE '{errors}' {LOG}; then grep -hE '{errors}' {LOG} | sort -u >&2; else tail -n 5 {LOG} >&2; fi; "
        f"echo 'more in {LOG} on this host; mend what is named (mirror, disk, package) and build again' >&2; "
        "exit 1; }"
    )


def install_script(absent: Sequence[str]) -> str:
    """Update the lists and install, without starting services (they have no configuration yet)."""
    script = (
        f"if [ ! -e {_POLICY} ]; then printf '#!/bin/sh\\n{_OURS}\\nexit 101\\n' > {_POLICY}; chmod 755 {_POLICY}; fi; "
        f"trap 'if grep -q \"^{_OURS}$\" {_POLICY} 2>/dev/null; then rm -f {_POLICY}; fi' EXIT; "
        f"{_UPDATE} && {_APT} --no-install-recommends install {shlex.join(absent)}"
    )
    return _detached(script)


_BESIDE = f"{_APT} -o Dpkg::Options::=--force-unsafe-io"
"""In a system that nobody runs yet, and that is written to disk as a whole before anybody does."""


def release_script() -> str:
    """Bring every package to what the sources have now, in a system that does not run. Configuration files stay as they
    are (`confold`): ours are laid down after it."""
    return f"{_UPDATE} && {_BESIDE} full-upgrade"


def updates_script() -> str:
    """Bring every package to what the sources of the same release have now; remove none."""
    return f"{_UPDATE} && {_BESIDE} --with-new-pkgs upgrade"


def newest_script(names: Sequence[str]) -> str:
    """Bring these installed packages to what the sources have now."""
    return f"{_UPDATE} && {_BESIDE} --no-install-recommends install {shlex.join(names)}"


def newest_of_script(source: str) -> str:
    """Bring all installed packages of this source package to what the sources have now, held ones too: only what is
    named is let go."""
    show = "dpkg-query -W -f '${db:Status-Status} ${source:Package} ${binary:Package}\\n'"
    names = f"$({show} | sed -n 's/^installed {source} //p')"
    return f"{_UPDATE} && {_BESIDE} --allow-change-held-packages --no-install-recommends install {names}"


def gone_script(names: Sequence[str]) -> str:
    """Remove these packages with their settings, and no others."""
    return _detached(f"{_APT} purge {shlex.join(names)}")


# Processes of containers on the host are seen in /proc, too: theirs is another PID namespace.
_RUNNING = (
    "( for comm in $(grep -lsx apt-get /proc/[0-9]*/comm); do "
    '[ "$(readlink "${comm%comm}ns/pid")" = "$(readlink /proc/self/ns/pid)" ] && exit 0; done; exit 1 )'
)


def repair_script(*, dry: bool) -> str:
    """With `dry`, prints what is half done (nothing when all is well); else waits for a running apt and repairs."""
    held = f"grep -qs '^{_OURS}$' {_POLICY}"
    if dry:
        return (
            f"{_RUNNING} && echo 'an installation is still running'; "
            f"{held} && echo 'services are held back by {_POLICY}'; "
            "ls /var/lib/dpkg/updates | grep -q '^[0-9][0-9]*$' && echo 'dpkg was interrupted'; "
            "dpkg --audit | sed -n 's/^ \\([a-z0-9][a-z0-9+.:-]*\\) .*/\\1 is half installed/p'; true"
        )
    return _detached(
        f"while {_RUNNING}; do sleep 1; done; dpkg --configure -a --force-confdef --force-confold && "
        f"{_APT} --no-install-recommends -f install; done=$?; if {held}; then rm -f {_POLICY}; fi; exit $done"
    )
