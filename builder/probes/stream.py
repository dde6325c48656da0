"""A modality that stores one image a second, keeps what is not taken and tries again: what an outage is to it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from builder.probes.dcmtk import Way, scu

LOG, ENDED = "stream.log", "ended"
_LINE = re.compile(r"([0-9]{1,12}\.[0-9]{3}) (made|taken|refused) ([0-9.]{1,64})")


def stream_script(way: Way, folder: str, sample: str) -> str:
    """Shell text that runs on the modality until the file `go` in `folder` is gone and nothing is left to send, or
    somebody makes the file `ended`: each second a fresh instance of `sample`, stored in the order of making. Pure."""
    store = " ".join(scu("storescu", way, ["-xe"]))
    return f"""\
cd {folder} && touch go && : >{LOG}
say() {{ echo "$(date +%s.%3N) $1 $2" >>{LOG}; }}
make() {{
  cp {sample} new.dcm && dcmodify -q -nb -gin new.dcm
  uid=$(dcmdump -q +P SOPInstanceUID new.dcm | sed 's/.*\\[\\(.*\\)\\].*/\\1/')
  mv new.dcm "queue-$(date +%s%N)-$uid.dcm" && say made "$uid"
}}
left() {{ ls queue-*.dcm 2>/dev/null; }}
send() {{
  for file in $(left); do
    uid=${{file##*-}}; uid=${{uid%.dcm}}
    if {store} "$file" 2>&1 | grep -q 'Received Store Response (Success)'; then rm "$file"; say taken "$uid"
    else say refused "$uid"; return; fi
  done
}}
end=$(( $(date +%s) + 7200 ))
while [ ! -e {ENDED} ] && {{ [ -e go ] || [ -n "$(left)" ]; }}; do
  [ "$(date +%s)" -lt "$end" ] || break
  [ ! -e go ] || make
  send
  sleep "$(date +%N | awk '{{ printf "%.3f", 1 - $1 / 1e9 }}')"
done
touch {ENDED}
"""


@dataclass(frozen=True)
class Stream:
    """What the modality wrote down: when each instance was made, refused and taken, seconds since 1970."""

    made: dict[str, float]
    taken: dict[str, float]
    refused: tuple[float, ...]

    @property
    def left(self) -> tuple[str, ...]:
        """Made, and never taken."""
        return tuple(uid for uid in self.made if uid not in self.taken)

    @property
    def outages(self) -> tuple[tuple[float, float], ...]:
        """From the first refusal to the next image that was taken, each time; the last one may have no end
        (infinite)."""
        found, begin = [], None
        said = sorted([(at, False) for at in self.refused] + [(at, True) for at in self.taken.values()])
        for at, good in said:
            if not good and begin is None:
                begin = at
            elif good and begin is not None:
                found.append((begin, at))
                begin = None
        return tuple(found) if begin is None else (*found, (begin, float("inf")))

    @property
    def outage(self) -> float:
        """The longest of them, in seconds; 0 where there was none."""
        return max((end - begin for begin, end in self.outages), default=0.0)


def read_stream(text: str) -> Stream:
    """The log of `stream_script`; a line that was cut off is left out."""
    made: dict[str, float] = {}
    taken: dict[str, float] = {}
    refused: list[float] = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        at, what, uid = float(match[1]), match[2], match[3]
        if what == "refused":
            refused.append(at)
        else:
            (made if what == "made" else taken)[uid] = at
    return Stream(made, taken, tuple(refused))


def wrongly_kept(stream: Stream, archive: Sequence[str]) -> tuple[str, ...]:
    """Instances that the archive answered for and does not hold, or holds twice; `archive` has a UID for each."""
    return tuple(uid for uid in stream.taken if archive.count(uid) != 1)
