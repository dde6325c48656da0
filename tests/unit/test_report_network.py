"""The network drawing: nothing overlaps and nothing is cut off, for one machine or thirty."""

import random
from itertools import combinations
from xml.etree import ElementTree as Xml

import pytest

from builder.models.dossier import Equipment, Network, Passage
from builder.models.site import Operation
from builder.report.drawing import draw, network_svg
from builder.report.network import GUTTER, LABEL_LINE, Box, Drawing, Lane, lay_out
from tests.unit.report_sample import sample_site
from tests.unit.report_sample_data import ATTACK

_KINDS = ("CT modality", "workstation", "MR modality", "viewer", "broker", "archive", "US modality")
_MAY: tuple[tuple[Operation, ...], ...] = (
    ("echo", "store", "worklist", "commit"), ("echo", "find", "move", "get", "qido", "wado", "stow"), ("store",),
    ("echo", "store", "find", "move", "get", "worklist", "commit", "qido", "wado", "stow"),
)  # fmt: skip

Rectangle = tuple[float, float, float, float]


def machine(name: str, kind: str, *, ours: bool) -> Equipment:
    return Equipment(
        name=name, kind=kind, ours=ours, dns=f"{name}.example", address="10.255.255.250", network="imaging",
        location="a location that goes on for ever " * 5, ae_title="SIXTEEN_LETTERS_", ae_port=11112, ae_tls=True,
        product="orthanc 1.12.7" if ours else "", web_port=443 if ours else None,
    )  # fmt: skip


def network(size: int, seed: int) -> Network:
    """Routes in every direction: side to middle, side to side, within one column."""
    chance = random.Random(seed)
    ours = 1 + (size > 8) + (size > 20)
    machines = [machine(f"archive-with-quite-a-long-name{n}", "archive", ours=True) for n in range(min(ours, size))]
    machines += [
        machine(f"m{n}-" + "x" * (n % 27), _KINDS[n % len(_KINDS)], ours=n % 9 == 8)
        for n in range(size - len(machines))
    ]
    ways = {(chance.choice(machines).name, chance.choice(machines[: ours + 2]).name) for _ in range(2 * size)}
    passages = [Passage(source=a, target=b, may=chance.choice(_MAY)) for a, b in sorted(ways) if a != b]
    return Network(title="A site", machines=tuple(machines), passages=tuple(passages))


def rectangle(box: Box) -> Rectangle:
    return box.x, box.y, box.x + box.width, box.y + box.height


def label(lane: Lane) -> Rectangle:
    """Where the lane's label stands: the whole gutter wide, from its first line's top to the lane."""
    left, right = sorted((lane.start_x, lane.start_x + lane.direction * GUTTER))
    return left, lane.side_y - 4 - LABEL_LINE * len(lane.label) + 3, right, lane.side_y - 1


def overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def faults(drawing: Drawing) -> list[str]:
    boxes = [rectangle(box) for box in drawing.boxes]
    labels = [label(lane) for lane in drawing.lanes if lane.label]
    canvas = (0, 0, drawing.width, drawing.height)
    found = [f"{one} over {other}" for one, other in combinations(boxes + labels, 2) if overlap(one, other)]
    found += [f"{one} outside" for one in boxes + labels
              if one[0] < 0 or one[1] < 0 or one[2] > canvas[2] or one[3] > canvas[3]]  # fmt: skip
    # An arrow's end lies on the edge of its own box, not beside it.
    found += [f"lane at {lane.side_y}" for lane in drawing.lanes
              if not lane.side.y < lane.side_y <= lane.side.y + lane.side.height]  # fmt: skip
    found += [f"lane at {lane.centre_y}" for lane in drawing.lanes
              if not lane.centre.y < lane.centre_y < lane.centre.y + lane.centre.height]  # fmt: skip
    # Two lanes never run on one line, or their labels could not be told apart.
    for one, other in combinations(drawing.lanes, 2):
        if one.side is other.side and abs(one.side_y - other.side_y) < LABEL_LINE:
            found.append(f"lanes at {one.side_y} and {other.side_y}")
        same_edge = one.centre is other.centre and one.side.column == other.side.column
        if same_edge and abs(one.centre_y - other.centre_y) < 8:  # the height of an arrow's head
            found.append(f"arrows at {one.centre_y} and {other.centre_y}")
    return found


@pytest.mark.parametrize("size", [*range(1, 14), 20, 30])
def test_nothing_overlaps(size: int) -> None:
    for seed in range(5):
        assert faults(lay_out(network(size, seed))) == [], f"size {size}, seed {seed}"


def test_no_line_is_longer_than_its_box() -> None:
    for box in lay_out(network(30, 1)).boxes:
        for text in box.lines:
            assert len(text.text) * text.size * 0.6 <= box.width, text.text


def test_every_route_is_drawn_with_all_that_it_may() -> None:
    wide = network(12, 3)
    drawing = lay_out(wide)
    words = {line for lane in drawing.lanes for line in lane.label} | {
        t.full for box in drawing.boxes for t in box.lines
    }
    for passage in wide.passages:
        for operation in passage.may:
            assert any(operation in line for line in words)
    heads = sum(lane.head for lane in drawing.lanes)
    assert heads == len(wide.passages)


def test_thirty_machines_stay_printable_on_one_page() -> None:
    drawing = lay_out(network(30, 2))
    assert drawing.height <= 2.2 * drawing.width


def test_the_example_names_hosts_titles_ports_and_operations() -> None:
    root = Xml.fromstring(network_svg(sample_site()))
    words = ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]
    for word in (
        "archive01",
        "BRIGID_ARC :104",
        "10.78.0.11 · web 443",
        "BRIGID_READ1 :11112",
        "echo · store · worklist",
        "commit",
    ):
        assert word in words


def test_a_hostile_name_is_text() -> None:
    hostile = network(3, 0)
    attack = hostile.machines[0].model_copy(update={"location": ATTACK, "product": "<g onload=x>", "dns": "\"'"})
    text = draw(hostile.model_copy(update={"machines": (attack, *hostile.machines[1:]), "title": ATTACK}))
    tags = {element.tag.rpartition("}")[2] for element in Xml.fromstring(text).iter()}
    assert tags == {"svg", "title", "defs", "marker", "path", "g", "rect", "text"}


def test_a_site_without_an_archive_puts_what_it_builds_in_the_middle() -> None:
    alone = Network(
        title="x", machines=(machine("ws", "workstation", ours=True), machine("v", "viewer", ours=False)), passages=()
    )
    assert [(box.machine.name, box.column) for box in lay_out(alone).boxes if box.machine] == [
        ("ws", "middle"),
        ("v", "right"),
    ]
