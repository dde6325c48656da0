"""Lines that leave a choice: which of them another line settles anyway (pure)."""

from collections.abc import Sequence

from builder.assess.lacks import ways_of
from builder.assess.wanted import missing
from builder.models.finding import Finding, Lack


def settled(finding: Finding, others: Sequence[Finding]) -> tuple[Lack, ...]:
    """What the finding lacks, without the choices of which one way is had anyway, since other lines of the host ask for
    all of it in any case."""
    if not any(one.either for one in finding.lacks):
        return finding.lacks
    firm = [one for other in others for one in other.lacks if not one.either and not one.wish]
    done = {
        one.way.rpartition("/")[0]
        for ways in ways_of(finding.lacks)
        if any(all(_had(lack, firm) for lack in way) for way in ways)
        for one in ways[0]
    }
    return tuple(one for one in finding.lacks if not one.either or one.way.rpartition("/")[0] not in done)


def _had(lack: Lack, firm: Sequence[Lack]) -> bool:
    alike = [one for one in firm if (one.fact, one.of) == (lack.fact, lack.of)]
    if lack.want is None:
        return any(one.asked == lack.asked for one in alike)
    return any(missing(one) >= missing(lack) for one in alike if one.want is not None and one.sign == lack.sign)
