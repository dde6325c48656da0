"""How far each grey step of a display is off the GSDF, as SVG. Pure geometry, in SVG user units.

A step within the limit is a round mark, one beyond it a square with a bold figure: it is read without colour.
"""

from dataclasses import dataclass

from builder.assess.calibration import Response, ResponseStep
from builder.report.templating import environment

WIDTH, HEIGHT = 760, 310
LEFT, RIGHT, TOP, BOTTOM = 60, 684, 18, 262  # of the frame
_TICKS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 10_000)
_ROOM = 1.18  # above the greatest deviation, for its figure
_MOST_TICKS = 5  # upwards, and as many downwards
_APART = 8  # a figure stands so far from its mark
_LETTER = 7.5  # height of a figure
_MOST_PLACES = 8  # of a figure that lies that close to the limit
_LINE = 14  # what two lines of text beside the frame need


@dataclass(frozen=True)
class Mark:
    """A step: the end of its stem, its figure and what it says in full."""

    x: float
    y: float
    text: str
    text_y: float
    beyond: bool
    title: str


@dataclass(frozen=True)
class Tick:
    """A place on an axis, and what stands there."""

    at: float
    text: str


@dataclass(frozen=True)
class Plot:
    """Everything with its place. `limits` are the lines of a standard's limit, none where it gives none, and
    `limit_texts` what stands beside them."""

    title: str
    summary: str
    key: str
    marks: tuple[Mark, ...]
    levels: tuple[Tick, ...]
    per_cents: tuple[Tick, ...]
    limits: tuple[float, ...]
    limit_texts: tuple[Tick, ...]
    zero: float


@dataclass(frozen=True)
class _Scale:
    """Driving levels to the right from 0 to `highest`, per cent upwards and downwards to `top`."""

    highest: int
    top: float

    def x(self, level: float) -> float:
        return LEFT + (RIGHT - LEFT) * level / self.highest

    def y(self, per_cent: float) -> float:
        return TOP + (BOTTOM - TOP) * (self.top - per_cent) / (2 * self.top)


def deviation_svg(response: Response, *, title: str, limit: float | None, key: str) -> str:
    """One SVG element without external parts. `limit` in per cent, where a standard gives one; `key` tells its
    identifiers from those of other plots on the page (letters, digits and hyphens)."""
    template = environment().get_template("gsdf.svg.j2")
    frame = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM}
    return template.render(d=lay_out(response, title=title, limit=limit, key=key), **frame)


def summary(response: Response, limit: float | None) -> str:
    """What the plot shows, in two or three sentences."""
    steps, worst = response.steps, response.worst
    said = (
        f"{len(steps)} steps between {len(steps) + 1} greys. The greatest deviation is {signed(worst.deviation)} %, "
        f"from driving level {worst.levels[0]} to {worst.levels[1]}; the mean of the amounts is {response.mean:.1f} %."
    )
    if limit is None:
        return said
    beyond = sum(is_beyond(step, limit) for step in steps)
    which = "No step is" if not beyond else "One step is" if beyond == 1 else f"{beyond} steps are"
    return f"{said} {which} beyond the limit of {limit:g} %."


def is_beyond(step: ResponseStep, limit: float | None) -> bool:
    """Whether a step is further off than the limit allows."""
    return limit is not None and abs(step.deviation) > limit


def signed(value: float) -> str:
    """A deviation with its sign and one decimal place; the sign is a minus, which is as wide as a plus."""
    text = f"{value:+.1f}"
    return "0.0" if float(text) == 0 else _minus(text)


def _minus(text: str) -> str:
    return text.replace("-", "\N{MINUS SIGN}")


def lay_out(response: Response, *, title: str, limit: float | None, key: str) -> Plot:
    """Place everything. The scale holds the limit and every step."""
    greatest = max(response.greatest, limit or 0, 1) * _ROOM
    tick = next((size for size in _TICKS if greatest / size <= _MOST_TICKS), _TICKS[-1])
    count = int(-(-greatest // tick))
    scale = _Scale(response.steps[-1].levels[1], count * tick)
    edges = [response.steps[0].levels[0], *(step.levels[1] for step in response.steps)]
    limits = (scale.y(limit), scale.y(-limit)) if limit is not None else ()
    beside = max(0, _LINE - (limits[1] - limits[0])) / 2 if limits else 0  # where the lines are too close for it
    return Plot(
        title=title,
        summary=summary(response, limit),
        key=key,
        marks=tuple(_mark(step, limit, scale) for step in response.steps),
        levels=tuple(Tick(scale.x(level), str(level)) for level in edges),
        per_cents=tuple(Tick(scale.y(n * tick), _whole(n * tick)) for n in range(-count, count + 1)),
        limits=limits,
        limit_texts=tuple(
            Tick(at + side * beside, f"limit {_whole(-side * (limit or 0))} %")
            for at, side in zip(limits, (-1, 1), strict=False)
        ),
        zero=scale.y(0),
    )


def _whole(value: float) -> str:
    return _minus(f"{value:+g}") if value else "0"


def _mark(step: ResponseStep, limit: float | None, scale: _Scale) -> Mark:
    y = scale.y(step.deviation)
    low, high = step.levels
    beyond, text = is_beyond(step, limit), signed(step.deviation)
    places = 2
    while beyond and limit is not None and abs(round(step.deviation, places - 1)) <= limit and places < _MOST_PLACES:
        text = _minus(f"{step.deviation:+.{places}f}")  # -10.04 is beyond 10, and -10.0 would not look so
        places += 1
    return Mark(
        x=scale.x((low + high) / 2),
        y=y,
        text=text,
        text_y=y + _APART + _LETTER if text.startswith("\N{MINUS SIGN}") else y - _APART,
        beyond=beyond,
        title=f"Level {low} to {high}: {step.luminances[0]:.4g} to {step.luminances[1]:.4g} cd/m\N{SUPERSCRIPT TWO}, "
        f"{signed(step.deviation)} %",
    )
