"""Files over the shell: one has its name only when it is whole, checked and on disk; nothing else is left behind."""

import hashlib
import os
import re
import shlex
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from builder.engines.shell.link import Sink
from builder.engines.shell.session import Command, Session

PIECE = 1 << 18
_RECEIVE = """f={path}
fail() {{ echo "$1" >&2; exit 1; }}
t=$(readlink -f -- "$f") || fail 'its folder is not there'
[ ! -d "$t" ] || fail 'there is a folder of that name'
if [ -e "$t" ] && [ ! -f "$t" ]; then exec cat > "$t"; fi
d=${{t%/*}}/
n=$(umask 077; mktemp "$d.pacsmith-upload-XXXXXXXXXX") || exit 1
trap 'rm -f -- "$n"' EXIT; trap 'exit 143' TERM HUP INT
cat > "$n" || exit 1
[ "$(sha256sum < "$n")" = '{sha256}  -' ] || fail 'what arrived is not what was sent'
if [ -f "$t" ]; then
  cp --attributes-only --preserve=mode,ownership -- "$t" "$n" || exit 1
  [ "$(stat -c %u:%g "$n")" = "$(stat -c %u:%g "$t")" ] || fail 'its owner could not be kept'
else
  chmod "$(printf %o $((0666 & ~0$(umask))))" "$n" || exit 1
fi
sync "$n" && mv -fT -- "$n" "$t" && sync "$d" || exit 1
trap - EXIT
printf '%s\\n' "$t"
"""
# What has no size of its own (a device, a file of /proc) is read as it comes, without a sum to hold it against.
_SEND = """f={path}
[ ! -d "$f" ] || {{ echo 'it is a folder' >&2; exit 1; }}
s=$(stat -Lc %s -- "$f") || exit 1
if [ ! -f "$f" ] || [ "$s" = 0 ]; then echo '- -'; exec cat < "$f"; fi
h=$(head -c "$s" < "$f" | sha256sum) || exit 1
[ -r "$f" ] || {{ echo 'it may not be read' >&2; exit 1; }}
echo "$s $h"; exec head -c "$s" < "$f"
"""


_HEAD = re.compile(rb"(?:-|\d+) (-|[0-9a-f]{64})(?: +-)?")


class Source(Protocol):
    """What pyinfra hands over for an upload: an open file of bytes or text, or a StringIO."""

    def read(self, size: int = ..., /) -> bytes | str: ...
    def seek(self, place: int, /) -> Any: ...


def receive_script(path: str, sha256: str) -> str:
    """Shell text that turns its input into the file `path`, following a link of that name; prints the file's own path.

    The mode and owner of a file that was there are kept; a new one has the mode that the account's umask leaves of 666.
    """
    return _RECEIVE.format(path=shlex.quote(path), sha256=sha256)


def send_script(path: str) -> str:
    """Shell text that prints a line `SIZE SHA256  -` (or `- -`), then the file."""
    return _SEND.format(path=shlex.quote(path))


@contextmanager
def opened(filename_or_io: str | Source) -> Iterator[Source]:
    """A file to read from its beginning, given by its name or open already (then it stays open)."""
    if isinstance(filename_or_io, str):
        with Path(filename_or_io).open("rb") as file:
            yield file
    else:
        yield filename_or_io


def pieces(source: Source) -> Iterator[bytes]:
    """The whole of it as bytes, in pieces, however large it is."""
    source.seek(0)
    while piece := source.read(PIECE):
        yield piece if isinstance(piece, bytes) else piece.encode()


def sha256_of(source: Source) -> str:
    """SHA-256 of the whole, hex."""
    whole = hashlib.sha256()
    for piece in pieces(source):
        whole.update(piece)
    return whole.hexdigest()


class Incoming:
    """Takes what `send_script` prints and writes the file's bytes to `out` as they come."""

    def __init__(self, out: Callable[[bytes], object]) -> None:
        self._out = out
        self._head: bytes | None = b""
        self._expected = ""
        self._sum = hashlib.sha256()
        self.errors = bytearray()

    def take(self, stream: str, data: bytes) -> None:
        """A piece of output or of error output."""
        if stream == "stderr":
            self.errors += data[:4096]
            return
        if self._head is not None:
            head, newline, data = (self._head + data).partition(b"\n")
            if not newline:
                self._head = head
                return
            found = _HEAD.fullmatch(head)
            if found is None:
                raise OSError("the host's answer is not understood; does its login print something of its own?")
            self._head, self._expected = None, found[1].decode()
        self._sum.update(data)
        self._out(data)

    @property
    def whole(self) -> bool:
        """Whether everything has come, and as it was read there."""
        return self._head is None and self._expected in ("-", self._sum.hexdigest())


def fetched(
    session: Session, text: str, environment: Mapping[str, str], out: IO[bytes], within: float | None
) -> str | None:
    """Run `send_script` and write the file to `out`; None when it came whole, else why not.

    A file that was cut off is fetched anew where `out` can go back to its place. Raises as Session.run does.
    """
    place = out.tell() if out.seekable() else None
    attempts: list[Incoming] = []

    def sink() -> Sink:
        if attempts and place is not None:
            out.seek(place)
            out.truncate()
        attempts.append(Incoming(out.write))
        return attempts[-1].take

    # What cannot be taken back must not come twice.
    ended = session.run(Command(text, reads=place is not None, environment=environment), sink, within=within)
    last = attempts[-1]
    if ended.code != 0:
        said = last.errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return said or f"exit code {ended.code}"
    return None if last.whole else "it changed while it was read"


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that becomes `path` when the block ends well, and nothing when it does not."""
    target = path.resolve()
    handle, name = tempfile.mkstemp(prefix=".pacsmith-download-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask())
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now
