"""The static files that are measured, always the same: noise that no compression helps, and text like a project's own."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

KB = 1024
TEXT_BYTES = 100 * KB
NOISE = {"1k.bin": KB, "100k.bin": 100 * KB, "10m.bin": 10 * KB * KB}

_THINGS = (
    "account banner basket button caption card cell column comment dialog drawer entry field filter footer form grid header "
    "icon input item label layout legend link list menu message modal nav note option page panel picker preview price "
    "progress row search section select sidebar slider step switch tab table tag thumb title toast toolbar tooltip tree user"
)
_STATES = "active checked closed disabled empty error first hidden hover large last loading muted open small wide"
_DOINGS = "add apply close create fetch filter find format hide load merge open parse read remove render reset show"
_DECLARATIONS = (
    "margin: {a}px {b}px",
    "padding: {a}px {b}px {c}px",
    "color: #{hex}",
    "background-color: #{hex}",
    "border: 1px solid #{hex}",
    "border-radius: {a}px",
    "display: flex",
    "flex: {a} {b} {c}0%",
    "width: calc({c}% - {a}px)",
    "max-width: {c}rem",
    "font-size: {a}.{b}rem",
    "line-height: 1.{b}",
    "opacity: 0.{b}",
    "position: relative",
    "transition: opacity 0.{b}s ease-in-out",
    "grid-template-columns: repeat({a}, minmax({c}px, 1fr))",
    "box-shadow: 0 {a}px {b}px rgba(0, 0, 0, 0.{b})",
    "transform: translate({a}px, -{b}px)",
)
_STATEMENTS = (
    'const {one} = this.{two}.querySelector(".{three}-{state}");',
    "if (!{one} || {one}.length > {a}) return null;",
    'document.addEventListener("click", (event) => this.{do}{Two}(event.target, {a}));',
    "for (const {one} of this.{two}s) this.{do}{Three}({one}, {{ {two}: {a}, {three}: {b} }});",
    'this.{one}.classList.toggle("{two}-{state}", this.{three} === {a});',
    "const {one} = await fetch(`/api/{two}s/${{this.{three}}}/?page={a}`).then((answer) => answer.json());",
    'throw new Error("The {one} has no {two} for this {three}.");',
    "this.{one} = Math.max({a}, this.{two} * {b} - this.{three});",
    "return this.{one}s.map((one) => one.{two}).filter(Boolean).slice({a}, {c});",
    "// A {one} without a {two} keeps its last {three}, so that a {state} one can be told apart.",
)


def write(folder: Path) -> None:
    """Writes 1k.bin, 100k.bin and 10m.bin (bytes of noise), app.css and app.js (about 100 KB, which gzip makes about five
    times smaller) into the folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, size in NOISE.items():
        (folder / name).write_bytes(random.Random(name).randbytes(size))
    for name, piece in (("app.css", _rule), ("app.js", _class)):
        (folder / name).write_text(_text(name, piece), encoding="ascii")


def _text(name: str, piece: Callable[[random.Random], str]) -> str:
    chance, pieces, size = random.Random(name), [], 0
    while size < TEXT_BYTES:
        pieces.append(piece(chance))
        size += len(pieces[-1])
    return "".join(pieces)


def _filled(text: str, chance: random.Random) -> str:
    one, two, three = (_word(_THINGS, chance) for _ in range(3))
    numbers = {name: chance.randint(1, high) for name, high in (("a", 12), ("b", 9), ("c", 96))}
    words = {"one": one, "two": two, "three": three, "Two": two.title(), "Three": three.title()}
    state, doing, shade = _word(_STATES, chance), _word(_DOINGS, chance), f"{chance.getrandbits(24):06x}"
    return text.format(**words, **numbers, state=state, do=doing, hex=shade)


def _word(words: str, chance: random.Random) -> str:
    return chance.choice(words.split())


def _rule(chance: random.Random) -> str:
    selectors = ", ".join(_filled(".{one}-{two}.is-{state} > .{three}", chance) for _ in range(chance.randint(1, 2)))
    lines = [f"  {_filled(one, chance)};\n" for one in chance.sample(_DECLARATIONS, chance.randint(2, 6))]
    return f"{selectors} {{\n{''.join(lines)}}}\n\n"


def _class(chance: random.Random) -> str:
    methods = "".join(_method(chance) for _ in range(chance.randint(3, 7)))
    return _filled("class {Two}{Three} extends Part {{\n", chance) + methods + "}\n\n"


def _method(chance: random.Random) -> str:
    lines = "".join(f"    {_filled(one, chance)}\n" for one in chance.sample(_STATEMENTS, chance.randint(2, 6)))
    return _filled("  async {do}{Two}({one}, {three} = {a}) {{\n", chance) + lines + "  }\n\n"
