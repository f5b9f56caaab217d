"""The place of each card and each line of a picture, in pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.operations.pictures.diagram import Card, Diagram, Link, Place

MANY = 12
"""The most services and jobs with large cards. Small cards have signs in place of some lines."""
FEW = 3
"""The most endpoints in a picture as narrow as its services."""
ROWS = 12
"""The most cards in a column before a second column begins; more only in a picture with very many cards."""
WIDE, HIGH, GAP = 196, 44, 28
SMALL_WIDE, SMALL_HIGH, SMALL_GAP = 118, 26, 8
COLUMN_GAP = 72
"""The gap between two columns of services, for lines and their labels."""
PAD, HEAD = 16, 26
"""The inner margins of a frame: at all sides, and at its top for its name."""
TOP, LEFT = 56, 16
OUTSIDE = 228
"""The column left of the VPC: wide enough for the names of AWS's services, with a sign."""
TIERS = 12
"""The gap between two tiers, for lines to other columns."""
ENDPOINT_HIGH, ENDPOINT_GAP, ENDPOINT_LETTER = 30, 6, 7.5
ENDPOINT_BESIDE, ENDPOINT_SIGN = 41, 16
"""The room in the card of an endpoint beside its name, and for its sign."""
LANE = 12
"""The distance between a column and the lines that run down beside it."""


@dataclass(frozen=True)
class Box:
    """A rectangle: its upper left corner, width and height."""

    x: float
    y: float
    wide: float
    high: float

    @property
    def right(self) -> float:
        """The x of its right side."""
        return self.x + self.wide

    @property
    def bottom(self) -> float:
        """The y of its lower side."""
        return self.y + self.high

    def overlaps(self, other: Box) -> bool:
        """Return whether the two have a common point that is not at their edges."""
        return (
            self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom
        )  # fmt: skip

    def holds(self, other: Box) -> bool:
        """Return whether the other lies within it."""
        return self.x <= other.x and self.y <= other.y and self.right >= other.right and self.bottom >= other.bottom


@dataclass(frozen=True)
class Frame:
    """A part of the picture with a name: the VPC, one of its tiers, its endpoints."""

    place: str
    title: str
    box: Box


@dataclass(frozen=True)
class Line:
    """A line between two cards, as a path, and the place of its label."""

    link: Link
    path: str
    label_x: float
    label_y: float


@dataclass(frozen=True)
class Layout:
    """A whole picture: the places of its parts, and its size."""

    wide: float
    high: float
    small: bool
    frames: tuple[Frame, ...]
    cards: Mapping[str, Box]
    lines: tuple[Line, ...]


def layout(diagram: Diagram) -> Layout:
    """Return the place of everything; no two cards overlap, and each lies in the frame of its place."""
    by_place: dict[str, list[Card]] = {}
    for card in diagram.cards:
        by_place.setdefault(card.place, []).append(card)
    workloads = [card for card in by_place.get("private", ()) if card.glyph in ("box", "job")]
    others = [card for card in by_place.get("private", ()) if card.glyph not in ("box", "job")]
    small = len(workloads) > MANY
    cards: dict[str, Box] = {}
    x, y = LEFT + OUTSIDE + 2 * PAD, float(TOP + HEAD)
    columns = _columns(workloads, diagram.links)
    inner = _columns_wide(columns, small)
    inner = max(inner, *(_row_wide(by_place.get(place, ())) for place in ("public", "database")), _row_wide(others))
    endpoints = by_place.get("endpoints", [])
    if len(endpoints) > FEW:
        inner = max(inner, 2 * WIDE + COLUMN_GAP)
    frames = []
    tiers: tuple[Place, ...] = ("public", "private", "database")
    for place in (one for one in tiers if one in by_place):
        begin = y + HEAD
        if place == "private":
            end = _place_columns(columns, x + PAD, begin, small, cards)
            if others:
                end = _place_row(others, x + PAD, end + (GAP if workloads else 0), cards)
        else:
            end = _place_row(by_place[place], x + PAD, begin, cards)
        frames.append(Frame(place, diagram.ways.get(place, ""), Box(x, y, inner + 2 * PAD, end + PAD - y)))
        y = end + PAD + TIERS
    bottom, right = y - TIERS, x + inner + 2 * PAD
    if endpoints:
        end = _place_endpoints(endpoints, Box(x + 10, y + HEAD, inner + 2 * PAD - 20, 0), cards)
        frames.append(Frame("endpoints", diagram.ways.get("endpoints", ""), Box(x, y, inner + 2 * PAD, end + 10 - y)))
        bottom = end + 10
    vpc = Box(LEFT + OUTSIDE + PAD, TOP, right + PAD - LEFT - OUTSIDE - PAD, bottom + PAD - TOP)
    outer = _place_column(by_place.get("outside", ()), LEFT, TOP + HEAD + 22, OUTSIDE - 12, HIGH, cards, gap=48)
    beyond = _place_column(by_place.get("aws", ()), LEFT, outer + 48, OUTSIDE - 12, HIGH, cards, gap=18)
    wide = vpc.right + LEFT
    high = max(vpc.bottom, outer, beyond) + 34
    lines = tuple(_line(link, cards) for link in diagram.links if _drawn(link, small))
    return Layout(wide, high, small, (Frame("vpc", diagram.vpc, vpc), *frames), cards, lines)


def _drawn(link: Link, small: bool) -> bool:
    """Return whether a link gets a line: small cards have badges in place of links to databases and instances."""
    return not (small and link.wire in ("sql", "runs"))


def _columns(workloads: Sequence[Card], links: Iterable[Link]) -> list[list[Card]]:
    """Return services and jobs in columns by rank, each ordered so that callers are near their callees."""
    callers: dict[str, list[str]] = {}
    for link in links:
        if link.wire == "calls":
            callers.setdefault(link.end, []).append(link.start)
    row: dict[str, float] = {}
    columns: list[list[Card]] = []
    most = max(ROWS, ceil(1.5 * sqrt(len(workloads))))
    for rank in sorted({card.rank for card in workloads}):
        ranked = [card for card in workloads if card.rank == rank]

        near = {card.key: [row[one] for one in callers.get(card.key, ()) if one in row] for card in ranked}
        middle = {key: sum(rows) / len(rows) if rows else 0 for key, rows in near.items()}
        ordered = sorted(ranked, key=lambda card: (card.glyph == "job", middle[card.key]))
        row |= {card.key: number % most for number, card in enumerate(ordered)}
        columns += [ordered[begin : begin + most] for begin in range(0, len(ordered), most)]
    return columns


def _columns_wide(columns: Sequence[Sequence[Card]], small: bool) -> float:
    wide, gap = (SMALL_WIDE, 28) if small else (WIDE, COLUMN_GAP)
    return len(columns) * (wide + gap) - gap if columns else 0


def _row_wide(cards: Sequence[Card]) -> float:
    return len(cards) * (WIDE + GAP) - GAP if cards else 0


def _place_columns(
    columns: Sequence[Sequence[Card]], x: float, y: float, small: bool, cards: dict[str, Box]
) -> float:  # fmt: skip
    """Place columns of services; return the y of the lowest side."""
    wide, high, gap = (SMALL_WIDE, SMALL_HIGH, SMALL_GAP) if small else (WIDE, HIGH, GAP)
    ends = [y]
    for column in columns:
        ends.append(_place_column(column, x, y, wide, high, cards, gap=gap))
        x += wide + (28 if small else COLUMN_GAP)
    return max(ends)


def _place_row(row: Sequence[Card], x: float, y: float, cards: dict[str, Box]) -> float:
    for card in row:
        cards[card.key] = Box(x, y, WIDE, HIGH)
        x += WIDE + GAP
    return y + HIGH


def _place_endpoints(endpoints: Sequence[Card], room: Box, cards: dict[str, Box]) -> float:
    """Place endpoints in as many columns as their names allow, under the tiers; return the y of the lowest side."""
    longest = max(len(card.title) for card in endpoints) * ENDPOINT_LETTER
    least = longest + ENDPOINT_BESIDE + (ENDPOINT_SIGN if any(card.sign for card in endpoints) else 0)
    columns = min(max(int((room.wide + ENDPOINT_GAP) / (least + ENDPOINT_GAP)), 1), len(endpoints))
    wide = min((room.wide + ENDPOINT_GAP) / columns - ENDPOINT_GAP, WIDE)
    rows = ceil(len(endpoints) / columns)
    for number, card in enumerate(endpoints):
        column, row = divmod(number, rows)
        cards[card.key] = Box(
            room.x + column * (wide + ENDPOINT_GAP), room.y + row * (ENDPOINT_HIGH + ENDPOINT_GAP), wide, ENDPOINT_HIGH
        )
    return room.y + rows * (ENDPOINT_HIGH + ENDPOINT_GAP) - ENDPOINT_GAP


def _place_column(
    column: Sequence[Card], x: float, y: float, wide: float, high: float, cards: dict[str, Box], gap: float = 8
) -> float:
    for number, card in enumerate(column):
        cards[card.key] = Box(x, y + number * (high + gap), wide, high)
    return y + len(column) * (high + gap) - gap if column else y


def _line(link: Link, cards: Mapping[str, Box]) -> Line:
    """Return the line of a link. It runs through the gaps between columns and tiers, past all cards."""
    start, end = cards[link.start], cards[link.end]
    match link.wire:
        case "port":
            return _from_above(link, start, end)
        case "sql":
            lane, between = start.right + LANE, end.y - HEAD - TIERS / 2
            path = f"M{start.right:g} {start.bottom - 9:g}H{lane:g}V{between:g}H{end.x + WIDE / 2:g}V{end.y:g}"
            return Line(link, path, end.x + WIDE / 2 + 5, end.y - 5)
        case "runs":
            lane, middle = start.right + LANE + 9, end.y + end.high / 2
            # from below, as the calls leave at the right
            path = f"M{start.right - 20:g} {start.bottom:g}v{GAP / 4:g}H{lane:g}V{middle:g}H{end.right:g}"
            return Line(link, path, lane, middle)
        case _:
            return _sideways(link, start, end)


def _from_above(link: Link, start: Box, end: Box) -> Line:
    """Return a line from the load balancer down to a service: straight, or down beside the column to a lower one.

    It leaves the load balancer at the left, since a tier's name is at the right of its top.
    """
    trunk, between = start.x + LANE + 2, start.bottom + PAD + TIERS / 2
    if end.y - between < HEAD + TIERS:
        middle = min(max(trunk, end.x + 12), end.right - 12)
        path = f"M{trunk:g} {start.bottom:g}V{between:g}H{middle:g}V{end.y:g}"
        # straight below the load balancer there is room above the tier
        straight = abs(middle - trunk) < LANE
        return Line(link, path, middle + 5, start.bottom + 13 if straight else between + 14)
    lane, entry = end.x - 9, end.y + end.high / 2
    path = f"M{trunk:g} {start.bottom:g}V{between:g}H{lane:g}V{entry:g}H{end.x:g}"
    return Line(link, path, lane + 12, end.y - 3)


def _sideways(link: Link, start: Box, end: Box) -> Line:
    """Return a line to the right; if the end is not further right, it leaves and enters at the right side."""
    x1, y1, x2, y2 = start.right, start.y + start.high / 2, end.x, end.y + end.high / 2
    if x2 >= x1:
        bend = max((x2 - x1) / 2, 10)
        path = f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"
        return Line(link, path, (x1 + x2) / 2 - 12, (y1 + y2) / 2 - 5)
    out = max(x1, end.right) + 24
    path = f"M{x1:g} {y1:g}C{out:g} {y1:g} {out:g} {y2:g} {end.right:g} {y2:g}"
    return Line(link, path, out - 14, (y1 + y2) / 2)


def ordered(boxes: Mapping[str, Box]) -> Iterator[tuple[str, Box]]:
    """Yield the cards in reading order, for the keyboard: from left to right, then down."""
    yield from sorted(boxes.items(), key=lambda one: (one[1].x // 40, one[1].y))
