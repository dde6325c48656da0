"""Options of the verbs that change hosts: in which waves, at which hour, and going on with what was cut off."""

from typing import Annotated

import typer


def _a_reason(text: str | None) -> str | None:
    if text is not None and not text.strip():
        raise typer.BadParameter("it needs a reason: why can this not wait for the window?")
    return text


NowOption = Annotated[
    str | None,
    typer.Option(
        "--now",
        metavar="REASON",
        callback=_a_reason,
        help="Change hosts outside their maintenance windows and in peak hours all the same, for this reason: the "
        "ledger and the dossier keep it. Without it such a build is refused (exit 4).",
    ),
]
CanaryOption = Annotated[
    bool,
    typer.Option(
        "--canary",
        help="First one host of each class (in stage test, if there is one), the others once it is accepted.",
    ),
]
AtOnceOption = Annotated[
    int | None, typer.Option("--at-once", min=1, metavar="N", help="At most so many hosts in a wave.")
]
WaveOption = Annotated[
    int | None,
    typer.Option("--wave", min=1, metavar="N", help="Only this wave; those before it must be accepted already."),
]
ResumeOption = Annotated[
    bool,
    typer.Option(
        "--resume", help="Go on with the last build that was interrupted or failed: verify what it did, do the rest."
    ),
]
