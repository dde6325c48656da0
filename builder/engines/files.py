"""Files as they should be, what the host has instead, and the shell text that mends it (pure).

One read and at most one write for a whole batch: each round trip to a host costs more than the files do.
"""

import difflib
import hashlib
import shlex
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

HIDDEN = "(content is secret; not shown)"
DIFF_LINES = 400  # of one file; a longer difference is cut, and says so
_SHORT = 12  # hexadecimal digits of a SHA-256 that are shown


@dataclass(frozen=True)
class FileSpec:
    """A regular file. `validate` is shell text with `%s` for the new content's temporary path; it must exit 0.

    `mode` is octal text. The content of a `secret` file appears in no plan, event or log.
    """

    path: str
    content: str | bytes
    mode: str = "644"
    owner: str = "root"
    group: str = "root"
    secret: bool = False
    validate: str | None = None

    @property
    def data(self) -> bytes:
        """The content as bytes."""
        return self.content if isinstance(self.content, bytes) else self.content.encode()


@dataclass(frozen=True)
class DirectorySpec:
    """A directory; parents that are missing are made with mode 755, root:root."""

    path: str
    mode: str = "755"
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True)
class LinkSpec:
    """A symbolic link; it replaces a file of that name, never a directory."""

    path: str
    target: str


@dataclass(frozen=True)
class AbsentSpec:
    """No file and no link of that name (a directory is left alone and reported)."""

    path: str


Spec = FileSpec | DirectorySpec | LinkSpec | AbsentSpec


@dataclass(frozen=True)
class Present:
    """What stands at a path: kind is `file`, `directory`, `link`, `absent` or `other`."""

    kind: str
    mode: str = ""
    owner: str = ""
    group: str = ""
    sha256: str = ""
    content: bytes | None = None
    target: str = ""


_KINDS = {"regular file": "file", "regular empty file": "file", "directory": "directory", "symbolic link": "link"}


def read_script(specs: Sequence[Spec]) -> str:
    """Shell text that prints three lines for each path: kind and rights, SHA-256 or link target, content (base64)."""
    lines = []
    for spec in specs:
        path = shlex.quote(spec.path)
        show = isinstance(spec, FileSpec) and not spec.secret
        content = 'base64 -w0 < "$p"' if show else ":"
        lines.append(
            f'p={path}; if [ -L "$p" ]; then echo "symbolic link|||"; readlink "$p"; '
            f'elif [ -f "$p" ]; then stat -c "%F|%a|%U|%G" "$p"; sha256sum < "$p"; {content}; '
            'elif [ -e "$p" ]; then stat -c "%F|%a|%U|%G" "$p"; echo; else echo "absent|||"; echo; fi; echo'
        )
    return "\n".join(lines)


def parse(specs: Sequence[Spec], output: str) -> tuple[Present, ...]:
    """What `read_script` printed. Raises ValueError when lines are missing."""
    lines = iter(output.split("\n"))
    found = []
    for spec in specs:
        try:
            kind, mode, owner, group = next(lines).split("|")
            second, third = next(lines), next(lines)
        except (StopIteration, ValueError) as fault:
            raise ValueError(f"{spec.path}: the host's answer is cut short") from fault
        kind = _KINDS.get(kind, "absent" if kind == "absent" else "other")
        if kind == "file":
            shown = isinstance(spec, FileSpec) and not spec.secret
            found.append(Present(kind, mode, owner, group, second.split()[0], b64decode(third) if shown else None))
        else:
            if kind in ("link", "absent", "directory", "other") and third:
                raise ValueError(f"{spec.path}: the host's answer is not understood")
            found.append(Present(kind, mode, owner, group, target=second if kind == "link" else ""))
    return tuple(found)


def _rights(spec: FileSpec | DirectorySpec) -> tuple[str, str, str]:
    return spec.mode.lstrip("0"), spec.owner, spec.group


def differs(spec: Spec, present: Present) -> bool:
    """Whether the host has something else than `spec`."""
    if isinstance(spec, AbsentSpec):
        return present.kind != "absent"
    if isinstance(spec, LinkSpec):
        return present.kind != "link" or present.target != spec.target
    rights = (present.mode, present.owner, present.group)
    if isinstance(spec, DirectorySpec):
        return present.kind != "directory" or rights != _rights(spec)
    return present.kind != "file" or rights != _rights(spec) or present.sha256 != hashlib.sha256(spec.data).hexdigest()


def _lines(data: bytes) -> list[str] | None:
    try:
        return data.decode().splitlines()
    except UnicodeDecodeError:
        return None


def _content_diff(spec: FileSpec, present: Present) -> list[str]:
    if present.sha256 == hashlib.sha256(spec.data).hexdigest():
        return []
    if spec.secret:
        return [f"--- {spec.path}", f"+++ {spec.path}", HIDDEN]
    old, new = _lines(present.content or b""), _lines(spec.data)
    if old is None or new is None:
        wanted = hashlib.sha256(spec.data).hexdigest()[:_SHORT]
        was = present.sha256[:_SHORT] or "nothing"
        return [f"--- {spec.path}", f"+++ {spec.path}", f"(content is not text; not shown: {was} -> {wanted})"]
    before = spec.path if present.kind == "file" else "/dev/null"
    lines = list(difflib.unified_diff(old, new, before, spec.path, lineterm=""))
    if not lines:  # an empty file, or only the newline at its end
        lines = [f"--- {before}", f"+++ {spec.path}"]
    return abridged(lines)


def abridged(lines: list[str]) -> list[str]:
    """At most DIFF_LINES lines of a difference; the rest is counted, and a fingerprint of the whole tells it from
    another one that begins alike."""
    if len(lines) <= DIFF_LINES:
        return lines
    whole = hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()[:_SHORT]
    return [*lines[:DIFF_LINES], f"({len(lines) - DIFF_LINES} more lines, {whole})"]


def diff(spec: Spec, present: Present) -> str:
    """Unified diff of content, and `# ` lines for kind, owner and rights; empty when nothing differs."""
    if not differs(spec, present):
        return ""
    if isinstance(spec, AbsentSpec):
        return f"# {spec.path}: removed"
    if isinstance(spec, LinkSpec):
        return f"# {spec.path}: {present.target or present.kind} -> {spec.target}"
    lines = _content_diff(spec, present) if isinstance(spec, FileSpec) else []
    wanted = " ".join(_rights(spec))
    if present.kind in ("file", "directory"):
        had = f"{present.mode} {present.owner} {present.group}"
        lines += [f"# {spec.path}: {had} -> {wanted}"] if had != wanted else []
    else:
        lines.append(f"# {spec.path}: {present.kind} -> {wanted}")
    return "\n".join(lines)


def temporary(path: str) -> str:
    """Where new content waits for its validation: hidden, so that no `*.conf` pattern of a service picks it up."""
    whole = PurePosixPath(path)
    return str(whole.parent / f".{whole.name}.pacsmith")


def write_script(specs: Sequence[Spec]) -> str:
    """Shell text that makes `specs` so: all new content is written, checked and on disk before the first rename."""
    files = [spec for spec in specs if isinstance(spec, FileSpec)]
    parts = ["set -eu"]
    for spec in specs:
        path = shlex.quote(spec.path)
        if isinstance(spec, DirectorySpec):
            parts.append(f"mkdir -p {path}; chown {spec.owner}:{spec.group} {path}; chmod {spec.mode} {path}")
    if files:
        waiting = " ".join(shlex.quote(temporary(spec.path)) for spec in files)
        parts.append(f"trap 'rm -f {waiting}' EXIT" if "'" not in waiting else "")
    for spec in files:
        new, data = shlex.quote(temporary(spec.path)), b64encode(spec.data).decode()
        failed = shlex.quote(f"{spec.path}: the new content could not be written")
        parts.append(f"mkdir -p {shlex.quote(str(PurePosixPath(spec.path).parent))}; rm -f {new}")
        parts.append(f"( umask 077; base64 -d > {new} ) <<'DATA' || {{ echo {failed} >&2; exit 1; }}\n{data}\nDATA")
        parts.append(f"chown {spec.owner}:{spec.group} {new}; chmod {spec.mode} {new}")
        if spec.validate is not None:
            check = spec.validate.replace("%s", new)
            refused = shlex.quote(f"{spec.path}: the new content was refused by its check")
            parts.append(f"( {check} ) >&2 || {{ echo {refused} >&2; exit 1; }}")
    if files:
        parts.append("sync " + " ".join(shlex.quote(temporary(spec.path)) for spec in files))
    parts += [f"mv -fT {shlex.quote(temporary(spec.path))} {shlex.quote(spec.path)}" for spec in files]
    for spec in specs:
        path = shlex.quote(spec.path)
        if isinstance(spec, LinkSpec):
            parts.append(f"ln -sfnT {shlex.quote(spec.target)} {path}")
        elif isinstance(spec, AbsentSpec):
            parts.append(f"rm -f {path}")
    folders = sorted({str(PurePosixPath(spec.path).parent) for spec in specs})
    parts.append("sync " + " ".join(map(shlex.quote, folders)))
    return "\n".join(part for part in parts if part)
