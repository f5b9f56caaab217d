"""A picture as SVG: one file without references to others, readable in light and in dark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING

from provisioner.render.picture.layout import Box, Layout, layout, ordered
from provisioner.state.counted import counted

if TYPE_CHECKING:
    from provisioner.operations.pictures.diagram import Card, Diagram, Glyph

# Literal colours by class, and one block for the dark: some programs that draw SVG know neither variables nor
# light-dark(). Colours of text on their grounds have a contrast of 4.5 and more (WCAG 2.2, 1.4.3).
STYLE = """
text{font:11px system-ui,sans-serif;fill:#475569}
.title{font-weight:600;font-size:15px;fill:#0f172a}.name{font-weight:600;font-size:12px;fill:#0f172a}
.ground{fill:#fff}.vpc{fill:none;stroke:#7c6fd6;stroke-dasharray:5 4}
.public{fill:#e3f8ea}.private{fill:#e2edfd}.database{fill:#fdf5d6}.endpoints{fill:#f0ebfd}
.card rect.body{fill:#fff;stroke:#b6c2d1}.bar{fill:#94a3b8}
.create .bar{fill:#15803d}.change .bar{fill:#b45309}.delete .bar{fill:#b91c1c}.refused .bar{fill:#7e22ce}
.sign{font-weight:700;font-size:14px}
.create .sign{fill:#15803d}.change .sign{fill:#b45309}.delete .sign{fill:#b91c1c}.refused .sign{fill:#7e22ce}
.wire{fill:none;stroke:#64748b;stroke-width:1.4}.wire.thin{stroke-width:.8;opacity:.55}.wire.runs{stroke-dasharray:4 3}
.head{fill:#64748b}.glyph{fill:none;stroke:#64748b;stroke-width:1.3}.halo{stroke:#fff;stroke-width:3px;paint-order:stroke}
.card:focus{outline:none}.card:focus rect.body,.card.on rect.body{stroke:#1d4ed8;stroke-width:2.5}
.wire.on{stroke:#1d4ed8;stroke-width:2;opacity:1}.card{cursor:pointer}
@media (prefers-color-scheme:dark){
text{fill:#b3c0d1}.title,.name{fill:#f1f5f9}.ground{fill:#0f172a}.vpc{stroke:#a095ee}
.public{fill:#12301f}.private{fill:#14263f}.database{fill:#33290f}.endpoints{fill:#251f42}
.card rect.body{fill:#1e293b;stroke:#475569}.halo{stroke:#0f172a}
.create .bar{fill:#4ade80}.change .bar{fill:#fbbf24}.delete .bar{fill:#f87171}.refused .bar{fill:#c084fc}
.create .sign{fill:#4ade80}.change .sign{fill:#fbbf24}.delete .sign{fill:#f87171}.refused .sign{fill:#c084fc}
.wire,.glyph{stroke:#94a3b8}.head{fill:#94a3b8}
.card:focus rect.body,.card.on rect.body,.wire.on{stroke:#7aa2ff}
}
"""
WORDS: Mapping[str, tuple[str, str]] = {
    "+": ("create", "to create"),
    "~": ("change", "to change"),
    "-": ("delete", "to delete"),
    "!": ("refused", "refused or failed"),
}
"""By sign: the class of a card, and the words for it."""
GLYPHS: Mapping[Glyph, str] = {
    "user": "M8 3a3 3 0 1 1 0 6a3 3 0 0 1 0-6M2 15c0-7 12-7 12 0",
    "names": "M8 2a6 6 0 1 1 0 12a6 6 0 0 1 0-12M2 8h12M8 2c-4 3-4 9 0 12M8 2c4 3 4 9 0 12",
    "gate": "M3 8h4M7 8l5-4M7 8l5 4M7 8h6",
    "box": "M2 5l6-3l6 3v6l-6 3l-6-3zM2 5l6 3l6-3M8 8v6",
    "job": "M8 2a6 6 0 1 1 0 12a6 6 0 0 1 0-12M8 5v3l3 2",
    "server": "M2 3h12v4H2zM2 9h12v4H2zM4 5h2M4 11h2",
    "grid": "M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z",
    "cylinder": "M3 4c0-2.6 10-2.6 10 0v8c0 2.6-10 2.6-10 0zM3 4c0 2.6 10 2.6 10 0",
    "plug": "M5 2v4M11 2v4M3 6h10v2a5 5 0 0 1-10 0zM8 13v2",
    "shelf": "M2 3h12v10H2zM2 8h12M6 5.5h4M6 10.500h4",
    "lines": "M2 4h12M2 8h9M2 12h11",
    "key": "M5 5a3 3 0 1 1 0 6a3 3 0 0 1 0-6M8 8h6M12 8v3",
}
"""Our own symbols, as paths in a square of 16: AWS's icons may not be passed on."""
LEAST = 0.95
"""The least US dollars a month that a card shows as its price."""
BUTTON, STILL = 'tabindex="0" role="button"', 'role="img"'
"""The attributes that a card has for a screen reader and the keyboard."""
TIERS = ("public", "private", "database")
LEAST_WIDE = 0.8
"""The part of its width to which a picture shrinks in a narrow window before it scrolls: small text is hard to read."""
LETTER, BOLD = 6.1, 7.5
"""The approximate width of a letter, in pixels."""


def svg(diagram: Diagram) -> str:
    """Return the picture as a whole file."""
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + element(diagram)


def element(diagram: Diagram, role: str = BUTTON) -> str:
    """Return the picture as an element for a page.

    Args:
        role: the attributes of each card: a button, or `STILL` on a page without selection.
    """
    return "\n".join(_lines(diagram, layout(diagram), role)) + "\n"


def _lines(diagram: Diagram, drawn: Layout, role: str) -> Iterator[str]:
    wide, high = f"{drawn.wide:g}", f"{drawn.high:g}"
    least = f"{LEAST_WIDE * drawn.wide:.0f}px"
    # a report is printed, and has its own rule
    narrow = f'style="max-width:100%;min-width:{least};height:auto" ' if role == BUTTON else ""
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
        f'{narrow}role="group" aria-label={_quoted(f"Picture of {diagram.title}")}>'
    )
    yield f"<style>{STYLE}</style>"
    yield (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path class="head" d="M0 0L8 4L0 8z"/></marker></defs>'
    )
    yield f'<rect class="ground" width="{wide}" height="{high}"/>'
    yield f'<text class="title" x="16" y="24">{escape(diagram.title)}</text>'
    yield f'<text x="16" y="42">{escape(diagram.about)}</text>'
    for frame in drawn.frames:
        box = frame.box
        yield _rect(frame.place, box, 8)
        price = money(sum(card.cost for card in diagram.cards if card.place == frame.place == "endpoints"))
        title = escape(_cut(", ".join(filter(None, (frame.title, price))), box.wide - 20, LETTER))
        # at the right: lines from above come in at the left
        place = f'x="{box.right - 10:g}" text-anchor="end"' if frame.place in TIERS else f'x="{box.x + 10:g}"'
        yield f'<text {place} y="{box.y + 17:g}">{title}</text>'
    for line in drawn.lines:
        kind = "thin" if drawn.small and line.link.wire == "calls" else line.link.wire
        yield (
            f'<path class="wire {kind}" data-from={_quoted(line.link.start)} data-to={_quoted(line.link.end)} '
            f'd="{line.path}" marker-end="url(#head)"/>'
        )
        if line.link.label and not drawn.small:
            yield f'<text class="halo" x="{line.label_x:g}" y="{line.label_y:g}">{escape(line.link.label)}</text>'
    cards = diagram.by_key
    for key, box in ordered(drawn.cards):
        yield from _card(cards[key], box, role)
    yield f'<text x="16" y="{drawn.high - 12:g}">{escape(_below(diagram))}</text>'
    yield "</svg>"


def _below(diagram: Diagram) -> str:
    network = counted(diagram.network)
    number = sum(counted(card.resources) for card in diagram.cards) + network
    signs = {card.sign for card in diagram.cards} - {""}
    key = ", ".join(f"{sign} {said}" for sign, (_, said) in WORDS.items() if sign in signs)
    return f"{number} resources, {network} of them the network itself{f' · {key}' if key else ''}"


def _card(card: Card, box: Box, role: str) -> Iterator[str]:
    """Yield a card: a bar and a sign show its action, so that colour is never the only mark."""
    kind, said = WORDS.get(card.sign, ("", ""))
    price = money(card.cost)
    told = (card.about, *_badges(card), said, f"{price} a month" if price else "")
    label = ": ".join(filter(None, (card.title, "; ".join(filter(None, told)))))
    small = box.high < 40
    name = f"card {kind}".rstrip()
    yield (f'<g class="{name}" data-key={_quoted(card.key)} {role} aria-label={_quoted(label)}>')
    yield f"<title>{escape(label)}</title>"
    yield _rect("body", box, 6)
    yield _rect("bar", Box(box.x, box.y, 4, box.high), 2)
    yield _glyph(card.glyph, box.x + 11, box.y + (box.high - 16) / 2 if small else box.y + 7)
    signs = 16 if card.sign else 0
    extra = 18 * ("database" in card.badges) + 18 * ("ec2" in card.badges) if small else 0
    room = box.wide - 33 - 8 - signs - extra
    top = box.y + (box.high / 2 + 4 if small else 19)
    yield f'<text class="name" x="{box.x + 33:g}" y="{top:g}">{escape(_cut(card.title, room, BOLD))}</text>'
    if card.about and not small:
        about = _cut(card.about, box.wide - 33 - 14 - LETTER * len(price), LETTER)
        yield f'<text x="{box.x + 33:g}" y="{box.y + 35:g}">{escape(about)}</text>'
    if price and not small:
        yield f'<text x="{box.right - 8:g}" y="{box.y + 35:g}" text-anchor="end">{escape(price)}</text>'
    if small and "database" in card.badges:
        yield _glyph("cylinder", box.right - signs - extra - 2, box.y + (box.high - 16) / 2)
    if small and "ec2" in card.badges:
        yield _glyph("server", box.right - signs - 20, box.y + (box.high - 16) / 2)
    if card.sign:
        yield f'<text class="sign" x="{box.right - 15:g}" y="{top:g}">{escape(card.sign)}</text>'
    yield "</g>"


def money(dollars: float) -> str:
    """Return a monthly cost in short; empty if it is zero, or nearly."""
    return f"${dollars:,.0f}" if dollars >= LEAST else ""


def _quoted(text: str) -> str:
    return f'"{escape(text)}"'


def _rect(name: str, box: Box, round: int) -> str:
    return f'<rect class="{name}" x="{box.x:g}" y="{box.y:g}" width="{box.wide:g}" height="{box.high:g}" rx="{round}"/>'


def _badges(card: Card) -> tuple[str, ...]:
    return ("with the database",) if "database" in card.badges else ()


def _glyph(name: Glyph, x: float, y: float) -> str:
    return f'<path class="glyph" transform="translate({x:g} {y:g})" d="{GLYPHS[name]}"/>'


def _cut(text: str, room: float, letter: float) -> str:
    """Return as much of a text as fits, in pixels."""
    most = max(int(room / letter), 1)
    return text if len(text) <= most else f"{text[: most - 1]}…"
