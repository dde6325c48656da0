"""How fast an archive takes images over one association. Below the site's minimum the archive is not accepted."""

import io
import shlex
import tarfile
import time
from dataclasses import replace

from builder.probes.dcmtk import read_outcome, scu, stored
from builder.probes.question import Answer, Question
from builder.probes.samples import rate_images
from builder.probes.stage import Stage, signs_of_life

IMAGES = 100
_CLOCK = "date +%s.%N"


def rate(stage: Stage, question: Question) -> Answer:
    """Store 100 images of 128 kB; while they come too slowly, 100 others, three times at most. The best time counts:
    whatever else runs on the machines can only slow a transfer down.

    TCP_NODELAY is set for storescu: what is measured is the archive, not the sender. Counted is the time from the
    start of storescu to its end, association included; the images are on the stand-in before.
    """
    tried: list[Answer] = []
    for name in ("first", "second", "third"):
        tried.append(_measured(stage, question, name))
        if tried[-1].verdict != "short":
            break
    best = next((answer for answer in tried if answer.verdict != "short"), tried[0])
    told = "; measured again: ".join(answer.observed for answer in tried)
    if best.verdict == "short":
        told += (
            "; if the machines are busy, verify when they are quiet; archive.minimum_store_rate is the site's demand"
        )
    return replace(best, observed=told, raw=b"".join(answer.raw for answer in tried))


def _measured(stage: Stage, question: Question, name: str) -> Answer:
    player, minimum = stage.player(question.origin), float(question.detail)
    folder = f"rate-{name}-{question.target}"
    player.run(["sh", "-c", f"mkdir {folder} && tar -x -C {folder}"], stdin=_tar(stage.run, player.name))
    argv = ["env", "TCP_NODELAY=1", *scu("storescu", stage.way(question), ["-xe", "+sd", "+r"], [folder])]
    script = f"cd {player.folder} && {_CLOCK} && {shlex.join(argv)} >&2; c=$?; {_CLOCK}; exit $c"
    began = time.monotonic()
    answer = player.remote.run(script, timeout=120)
    outcome = read_outcome(answer.code, answer.stderr.decode("utf-8", "replace"))
    times = answer.stdout.decode("ascii", "replace").split()
    count = stored(answer.stderr.decode("utf-8", "replace"))
    seconds = float(times[1]) - float(times[0]) if len(times) == 2 else time.monotonic() - began
    measured = count / seconds
    whole = count == IMAGES
    return Answer(
        verdict="met" if whole and measured >= minimum else "unknown" if outcome.kind == "broken" else "short",
        observed=f"{measured:.0f} images a second ({count} of {IMAGES} in {seconds:.2f} s)"
        + ("" if whole else f"; {outcome}"),
        probe=f"dcmtk storescu on {player.name}, one association",
        raw=answer.stderr,
        seconds=seconds,
        proves=signs_of_life(question, outcome),
    )


def _tar(run: str, sender: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number, content in enumerate(rate_images(run, sender, IMAGES)):
            entry = tarfile.TarInfo(f"{number:03}.dcm")
            entry.size, entry.mode = len(content), 0o600
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
