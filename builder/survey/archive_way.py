"""The way from a client to its archive: pings, one TCP connection, and one file of the archive's web viewer.

A hospital at work bears it: at most 20 pings of 64 bytes, a connection that asks for nothing, and 4 MiB of a file that
every browser there fetches. Nothing of a patient is asked for. An archive that is off costs 1 s, a slow way 3 s, beside
the rest.
"""

import re
import shlex
from collections.abc import Mapping, Sequence

from builder.inventory.build import ArchiveEnd
from builder.models.quantity import shown
from builder.survey.answers import bare
from builder.survey.merging import Merged
from builder.survey.question import Noted, Question, Reply, Said, UnreadableError

FACTS = ("bandwidth", "connect", "latency", "loss")
_PINGS, _PAUSE = 20, 0.005  # seconds; at 0.01 the kernel made 0.33 s of it, at 0.005 0.11 s (2026-11-22)
_MOST = 4 << 20  # bytes of the file: 34 ms at 1 Gbit/s
_LEAST = 1 << 18  # less says more of the connection's begin than of the network
_SENT = re.compile(r"^(\d+) packets transmitted, (\d+) received,.* ([0-9.]+)% packet loss", re.MULTILINE)
_TRIPS = re.compile(r"^rtt min/avg/max/mdev = ([0-9.]+)/([0-9.]+)/([0-9.]+)/[0-9.]+ ms", re.MULTILINE)
_FETCHED = re.compile(r"(?P<status>\d{3}) (?P<size>\d+) (?P<asked>\d+\.\d+) (?P<there>\d+\.\d+)")
_TIMED_OUT, _TOO_SLOW = 124, 28  # exit codes: of timeout, and of curl that was cut off
_NOT_ASKED = Merged(UnreadableError("nobody has asked"), "")


def questions(archives: Sequence[ArchiveEnd]) -> tuple[Question, ...]:
    """What a client is asked about the way to each of its archives; none of a host that is no client."""
    return tuple(question for one in archives for question in _about(one, prefix(one, archives)))


def prefix(archive: ArchiveEnd, archives: Sequence[ArchiveEnd]) -> str:
    """The beginning of its facts' names: with several archives each has its own."""
    return "network.archive" if len(archives) == 1 else f"network.archive.{archive.name}"


def _about(archive: ArchiveEnd, name: str) -> list[Question]:
    told = f"archive-{archive.name}"
    found = [Question(
        f"{told}-ping", f"ping -n -q -c {_PINGS} -i {_PAUSE} -W 1 {archive.address}",
        (f"{name}.latency", f"{name}.loss"), lambda reply: _named(name, pings(reply, archive)), beside=True,
    )]  # fmt: skip
    if archive.port is not None:
        asked = (
            f"for n in 1 2 3; do a=$EPOCHREALTIME; exec 4<>/dev/tcp/{archive.address}/{archive.port} || exit; "
            "echo $a $EPOCHREALTIME; done"
        )
        found.append(Question(
            f"{told}-connect", f"timeout 1 bash -c {shlex.quote(asked)}", (f"{name}.connect",),
            lambda reply: _named(name, connected(reply, archive)), beside=True,
        ))  # fmt: skip
    return [*found, Question(
        f"{told}-fetch", _fetching(archive), (f"{name}.bandwidth",),
        lambda reply: _named(name, fetched(reply, archive)), beside=True,
    )]  # fmt: skip


def _named(name: str, said: Mapping[str, Said]) -> dict[str, Said]:
    return {f"{name}.{what}": value for what, value in said.items()}


def _fetching(archive: ArchiveEnd) -> str:
    """The page of the web viewer, and of the first bundle of scripts that it names as much as is allowed."""
    if archive.web is None:
        return f"echo {shlex.quote(_closed(archive))} >&2; exit 3"
    where = f"{archive.fqdn}:{archive.web}"
    curl = f"curl -sS --noproxy '*' --resolve {where}:{archive.address} --connect-timeout 1"
    return (
        f"page=$({curl} -m 1.5 https://{where}/) || exit; "
        "file=$(printf %s \"$page\" | grep -o '/[A-Za-z0-9._/-]*bundle[A-Za-z0-9._-]*\\.js' | head -n 1); "
        f'[ -n "$file" ] || {{ echo "the web door of {archive.name} serves no viewer, whose files could be fetched" '
        ">&2; exit 3; }; "
        f"{curl} -m 1.5 -r 0-{_MOST - 1} -o /dev/null -w '%{{http_code}} %{{size_download}} %{{time_pretransfer}} "
        f'%{{time_total}}\\n\' "https://{where}$file"'
    )


def _closed(archive: ArchiveEnd) -> str:
    return (
        f"no web route leads to {archive.name}, and nothing but images of patients could be fetched by another; a "
        "route with qido or wado opens its web door"
    )


def pings(reply: Reply, archive: ArchiveEnd) -> dict[str, Said]:
    """`ping -q` of iputils: mean round trip in seconds, and the share that was lost. Silence may be a firewall's, so it
    is no loss."""
    if reply.code not in (0, 1):
        reply.checked()
    sent, trips = _SENT.search(reply.text), _TRIPS.search(reply.text)
    if sent is None:
        raise UnreadableError(reply.reason() if reply.code else "ping did not print its statistics")
    if sent[2] == "0":
        raise UnreadableError(f"{archive.name} answers no ping: it is off, or a firewall on the way drops them")
    if trips is None or not float(trips[1]) <= float(trips[2]) <= float(trips[3]) or int(sent[2]) > int(sent[1]):
        raise UnreadableError("ping did not print its statistics")
    least, most = (shown(float(trip) / 1000, "seconds") for trip in (trips[1], trips[3]))
    return {
        "latency": Noted(round(float(trips[2]) / 1000, 6), f"mean of {sent[2]} pings, {least} to {most}"),
        "loss": round(100 * (1 - int(sent[2]) / int(sent[1])), 1),
    }


def connected(reply: Reply, archive: ArchiveEnd) -> dict[str, Said]:
    """Two times of bash's clock, before and after each of three connections was made, which takes one round trip: the
    shortest says most of the network."""
    if reply.code == _TIMED_OUT:
        raise UnreadableError(f"{archive.name} does not answer on port {archive.port} within 1 s")
    pairs = [re.fullmatch(r"(\d{1,12}\.\d{6}) (\d{1,12}\.\d{6})", line) for line in reply.checked().splitlines()]
    taken = [float(match[2]) - float(match[1]) for match in pairs if match]
    if len(taken) != 3 or min(taken) < 0:
        raise UnreadableError("bash did not print three times two times")
    return {"connect": round(min(taken), 6)}


def fetched(reply: Reply, archive: ArchiveEnd) -> dict[str, Said]:
    """curl's `-w`: what came of the file from the moment when it was asked for, in bits a second. The network can do at
    least that: the archive, the cipher and the begin of the transfer take their share of the time."""
    match = _FETCHED.fullmatch(reply.text.strip())
    if match is None or match["status"] == "000" or reply.code not in (0, _TOO_SLOW):
        raise UnreadableError(reply.reason() if reply.code else "curl did not print what it fetched")
    size, seconds = int(match["size"]), float(match["there"]) - float(match["asked"])
    if match["status"] not in ("200", "206"):
        raise UnreadableError(f"the web door of {archive.name} answers {match['status']}")
    if seconds <= 0 or size > _MOST or (size < _LEAST and reply.code == 0):
        raise UnreadableError(f"{size} B of a file came in {seconds:.6f} s, and that says nothing of the network")
    note = f"{shown(size, 'bytes')} of its web viewer in {shown(round(seconds, 6), 'seconds')}"
    return {"bandwidth": Noted(int(size * 8 / seconds), note, at_least=True)}


def all_in_all(archives: Sequence[ArchiveEnd], said: Mapping[str, Merged]) -> dict[str, Merged]:
    """Where no ping comes back, the latency is that of the connection; and of several archives the farthest counts."""
    found: dict[str, Merged] = {}
    for name in (prefix(one, archives) for one in archives):
        trip, ping = said.get(f"{name}.connect"), said.get(f"{name}.latency")
        if trip is not None and isinstance(trip.said, float) and ping and isinstance(ping.said, UnreadableError):
            instead = Noted(trip.said, f"of one TCP connection; by ping: {ping.said}")
            found[f"{name}.latency"] = Merged(instead, trip.command)
    if len(archives) > 1:
        every = {**said, **found}
        found |= {f"network.archive.{what}": _farthest(what, archives, every) for what in FACTS}
    return found


def _farthest(what: str, archives: Sequence[ArchiveEnd], said: Mapping[str, Merged]) -> Merged:
    """The worst of all archives, with its name; unread where one of them is."""
    each = [(one, said.get(f"{prefix(one, archives)}.{what}", _NOT_ASKED)) for one in archives]
    command = "; ".join(told.command for _, told in each if told.command)
    for one, told in each:
        if isinstance(told.said, UnreadableError):
            return Merged(UnreadableError(f"of {one.name} it is not known: {told.said}"), command)
    worst, told = (min if what == "bandwidth" else max)(each, key=lambda pair: _amount(pair[1].said))
    note = "; ".join((f"to {worst.name}, the farthest of {len(archives)}", *_notes(told.said)))
    return Merged(Noted(_amount(told.said), note, at_least=what == "bandwidth"), command)


def _amount(said: Said) -> float:
    value = bare(said)
    return value if isinstance(value, int | float) else 0.0


def _notes(said: Said) -> tuple[str, ...]:
    return (said.note,) if isinstance(said, Noted) else ()
