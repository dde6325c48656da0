"""Where each machine and route stands in the network drawing. Pure geometry, in SVG user units.

Three columns: what sends on the left, archives in the middle, what reads on the right. Every route leaves its side
machine on a lane of its own through a gutter that holds nothing but that lane's label, and bends only in the channel
beyond it: labels and boxes cannot overlap, however many machines there are. A route that does not join a side to the
middle goes through a small tie that names it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from builder.models.dossier import Equipment, Network, Passage

Column = Literal["left", "middle", "right"]

SIDE_WIDTH, MIDDLE_WIDTH, GUTTER, CHANNEL, MARGIN = 210, 240, 170, 80, 2
LINE, PADDING = 16, 10
LABEL_LINE, LABEL_CHARACTERS = 13, 26
LANE_AT_MIDDLE = 16
GAP, CROWDED_GAP = 20, 10
CROWD = 12  # above so many machines, boxes say less and stand closer
_LEAN, _CROWDED_LEAN = 7, 1  # how many machines more one side may have than the other before some move over
_TEXT_WIDTH = 0.62  # width of an average character over its size; DejaVu Sans, the widest of the fonts in use

LEFT_X = MARGIN
MIDDLE_X = LEFT_X + SIDE_WIDTH + GUTTER + CHANNEL
RIGHT_X = MIDDLE_X + MIDDLE_WIDTH + CHANNEL + GUTTER
WIDTH = RIGHT_X + SIDE_WIDTH + MARGIN


@dataclass(frozen=True)
class Text:
    """One line in a box, already short enough for it; `full` is what it says in full."""

    text: str
    size: float
    style: Literal["name", "plain", "ae", "faint"]
    full: str


@dataclass
class Box:
    """A machine, or the tie of a route (`machine` is None). `y` is set last."""

    column: Column
    lines: tuple[Text, ...]
    machine: Equipment | None = None
    lanes: "list[Lane]" = field(default_factory=list, repr=False)
    y: float = 0.0

    @property
    def x(self) -> int:
        """Left edge."""
        return {"left": LEFT_X, "middle": MIDDLE_X, "right": RIGHT_X}[self.column]

    @property
    def width(self) -> int:
        """Width of its column."""
        return MIDDLE_WIDTH if self.column == "middle" else SIDE_WIDTH

    @property
    def height(self) -> float:
        """Room for the text and for the lanes of the fuller side."""
        text = len(self.lines) * LINE + (12 if self.machine is None else 2 * PADDING - 2)
        if self.column != "middle":
            return max(text, sum(lane.height for lane in self.lanes) + PADDING)
        fuller = max((sum(lane.side.column == side for lane in self.lanes) for side in ("left", "right")), default=0)
        return max(text, (fuller + 1) * LANE_AT_MIDDLE)

    @property
    def middle(self) -> float:
        """Height of its centre."""
        return self.y + self.height / 2


@dataclass
class Lane:
    """One route between a side box and a middle box. `inward` runs from the side to the middle."""

    side: Box
    centre: Box
    inward: bool
    label: tuple[str, ...]
    head: bool = True
    side_y: float = 0.0
    centre_y: float = 0.0

    @property
    def height(self) -> int:
        """Room that the lane and the label above it need at its side box."""
        return max(1, len(self.label)) * LABEL_LINE + 9

    @property
    def direction(self) -> int:
        """+1 when the middle lies to the right of the side box."""
        return 1 if self.side.column == "left" else -1

    @property
    def start_x(self) -> int:
        """Edge of the side box."""
        return self.side.x + (self.side.width if self.side.column == "left" else 0)

    @property
    def label_x(self) -> float:
        """Middle of the gutter."""
        return self.start_x + self.direction * GUTTER / 2

    @property
    def path(self) -> str:
        """SVG path in the direction of the route, so that its arrow head comes last."""
        bend = self.start_x + self.direction * GUTTER
        end = self.centre.x + (0 if self.side.column == "left" else self.centre.width)
        control = self.direction * CHANNEL * 0.55
        beside, inside = f"{bend + control:g} {self.side_y:g}", f"{end - control:g} {self.centre_y:g}"
        if self.inward:
            return f"M{self.start_x} {self.side_y:g}H{bend}C{beside} {inside} {end} {self.centre_y:g}"
        return f"M{end} {self.centre_y:g}C{inside} {beside} {bend} {self.side_y:g}H{self.start_x}"


@dataclass(frozen=True)
class Drawing:
    """Boxes and lanes with their places; `height` includes the margins."""

    title: str
    boxes: tuple[Box, ...]
    lanes: tuple[Lane, ...]
    width: int
    height: float


def lay_out(network: Network) -> Drawing:
    """Place everything. The order follows the site's; side machines stand near the archive that they speak to."""
    crowded = len(network.machines) > CROWD
    columns = _columns(network.machines, _CROWDED_LEAN if crowded else _LEAN)
    boxes = {machine.name: Box(columns[machine.name], _lines(machine, columns[machine.name], crowded), machine)
             for machine in network.machines}  # fmt: skip
    ties: list[Box] = []
    lanes: list[Lane] = []
    for passage in network.passages:
        if passage.source in boxes and passage.target in boxes:
            lanes += _lanes(passage, boxes[passage.source], boxes[passage.target], ties)
    for lane in lanes:
        lane.side.lanes.append(lane)
        lane.centre.lanes.append(lane)
    every = [*boxes.values(), *ties]
    height = _stack(every, CROWDED_GAP if crowded else GAP)
    _place_lanes(every)
    return Drawing(network.title, tuple(every), tuple(lanes), WIDTH, height)


def _columns(machines: Sequence[Equipment], lean: int) -> dict[str, Column]:
    """Archives that we build stand in the middle; without one, other archives; without any, what we build."""
    middle = (
        [m.name for m in machines if m.ours and m.kind == "archive"]
        or [m.name for m in machines if m.kind == "archive"]
        or [m.name for m in machines if m.ours]
    )
    sides = [m for m in machines if m.name not in middle]
    left = [m.name for m in sides if m.kind.endswith(("modality", "broker"))]
    right = [m.name for m in sides if m.name not in left]
    while abs(len(left) - len(right)) > lean:
        longer, shorter = (left, right) if len(left) > len(right) else (right, left)
        shorter.append(longer.pop())
    named: dict[str, Column] = dict.fromkeys(middle, "middle")
    return named | dict.fromkeys(left, "left") | dict.fromkeys(right, "right")


def _lines(machine: Equipment, column: Column, crowded: bool) -> tuple[Text, ...]:
    room = (MIDDLE_WIDTH if column == "middle" else SIDE_WIDTH) - 2 * PADDING - 2
    kind = " · ".join(filter(None, (machine.kind, machine.product)))
    where = machine.address + (f" · web {machine.web_port}" if machine.web_port else "")
    port = f":{machine.ae_port}" + (" TLS" if machine.ae_tls else "")
    title = [_fit(f"{machine.ae_title} {port}", 12, room, "ae")] if machine.ae_title else []
    name = _fit(machine.name, 13.5, room, "name")
    if crowded:
        return (name, *title, _fit(f"{machine.kind} · {where}", 11.5, room, "plain"))
    plain = _fit(kind, 11.5, room, "plain"), *title, _fit(where, 11.5, room, "plain")
    return (name, *plain, _fit(machine.location, 10.5, room, "faint"))


def _fit(text: str, size: float, room: float, style: Literal["name", "plain", "ae", "faint"]) -> Text:
    """Smaller first, down to nine units; then cut with an ellipsis."""
    width = _TEXT_WIDTH * (1.06 if style == "name" else 1.0)
    fitted = max(9.0, min(size, room / (width * max(1, len(text)))))
    characters = int(room / (width * fitted))
    short = text if len(text) <= characters else text[: characters - 1].rstrip() + "…"
    return Text(short, round(fitted, 2), style, text)


def _lanes(passage: Passage, source: Box, target: Box, ties: list[Box]) -> list[Lane]:
    label = _wrapped(passage.may)
    if source.column != "middle" and target.column == "middle":
        return [Lane(source, target, True, label)]
    if source.column == "middle" and target.column != "middle":
        return [Lane(target, source, False, label)]
    column: Column = "right" if source.column == "middle" else "middle"
    tie = Box(column, _tie_lines(passage, column))
    ties.append(tie)
    if column == "right":
        return [Lane(tie, source, False, (), head=False), Lane(tie, target, True, ())]
    return [Lane(source, tie, True, (), head=False), Lane(target, tie, False, ())]


def _wrapped(operations: Sequence[str]) -> tuple[str, ...]:
    """Lines of operations, none longer than the gutter is wide."""
    lines = [""]
    for operation in operations:
        longer = f"{lines[-1]} · {operation}" if lines[-1] else operation
        if len(longer) <= LABEL_CHARACTERS:
            lines[-1] = longer
        else:
            lines.append(operation)
    return tuple(lines)


def _tie_lines(passage: Passage, column: Column) -> tuple[Text, ...]:
    room = (MIDDLE_WIDTH if column == "middle" else SIDE_WIDTH) - 2 * PADDING
    together = f"{passage.source} → {passage.target}"
    short = len(together) * _TEXT_WIDTH * 9 <= room
    ends = (together,) if short else (f"{passage.source} →", passage.target)
    return tuple(_fit(line, 11.5, room, "plain") for line in (*ends, " · ".join(passage.may)))


def _stack(boxes: Sequence[Box], gap: int) -> float:
    """Give every box its height on the page; columns are centred on the tallest. Returns the drawing's height."""
    middle = [box for box in boxes if box.column == "middle"]
    rank = {id(box): place for place, box in enumerate(middle)}
    stacks = [middle]
    for side in ("left", "right"):
        column = [box for box in boxes if box.column == side]
        stacks.append(sorted(column, key=lambda box: _mean(rank[id(lane.centre)] for lane in box.lanes)))
    tall = max(_total(stack, gap) for stack in stacks)
    for stack in stacks:
        spare = (tall - _total(stack, gap)) / (len(stack) + 1)
        y = MARGIN + spare
        for box in stack:
            box.y = round(y, 1)
            y += box.height + gap + spare
    return round(tall + 2 * MARGIN, 1)


def _total(stack: Sequence[Box], gap: int) -> float:
    return sum(box.height for box in stack) + gap * max(0, len(stack) - 1)


def _mean(ranks: Iterable[int]) -> float:
    every = list(ranks)
    return sum(every) / len(every) if every else 0.0


def _place_lanes(boxes: Sequence[Box]) -> None:
    for box in boxes:
        if box.column == "middle":
            for side in ("left", "right"):
                lanes = sorted((lane for lane in box.lanes if lane.side.column == side), key=lambda lane: lane.side.y)
                for place, lane in enumerate(lanes, start=1):
                    lane.centre_y = round(box.y + box.height * place / (len(lanes) + 1), 1)
        else:
            y = box.middle - sum(lane.height for lane in box.lanes) / 2
            for lane in box.lanes:
                y += lane.height
                lane.side_y = round(y - 5, 1)
