# SPDX-License-Identifier: Apache-2.0
"""The tree of a template: what the parser makes and the compiler reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from ..errors import InterpreterError

# What JavaScript's \s matches; Python's differs in five characters.
SPACE: Final = "\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
# The same characters one by one, for str.strip.
SPACES: Final = "".join(map(chr, (*range(9, 14), 0x20, 0xA0, 0x1680, *range(0x2000, 0x200B)))) + SPACE[-6:]
# Handlebars' own test for "begins with a dot or says `this`"; it looks at the whole written path, so that `mythis`
# counts as well.
_SCOPED: Final = re.compile(r"this\b", re.ASCII)


class TemplateError(InterpreterError):
    """A template cannot be understood or rendered; the text names the place."""


@dataclass(slots=True)
class Path:
    """A name such as ``STATE.output.stdout``, ``../x`` or ``@index``; no parts means the current value (``this``)."""

    parts: tuple[str, ...]
    depth: int = 0
    data: bool = False
    # As it was written, without brackets: what a closing tag must repeat.
    original: str = ""

    @property
    def scoped(self) -> bool:
        """Whether the path says that it means a value, never a helper or block parameter."""
        original = self.original
        return original[:1] == "." or ("this" in original and _SCOPED.search(original) is not None)

    @property
    def simple(self) -> bool:
        """Whether the path could be the name of a helper."""
        return len(self.parts) == 1 and not self.depth and not self.scoped


@dataclass(slots=True)
class Literal:
    """A string, number, boolean, null (None) or ``UNDEFINED``."""

    value: object


@dataclass(slots=True)
class Operation:
    """Two operands and an operator: an extension of Handlebars."""

    operator: str
    left: Operand
    right: Operand


@dataclass(slots=True)
class Negation:
    """``!operand``: an extension of Handlebars."""

    operand: Operand


@dataclass(slots=True)
class Call:
    """A name with what follows it: a helper call, or a plain value when nothing does."""

    path: Path
    params: Sequence[Operand] = ()
    # Name and value; each name once.
    hash: Sequence[tuple[str, Operand]] = ()
    # Written in parentheses.
    nested: bool = False


Operand = Path | Literal | Call | Operation | Negation


class Strip(NamedTuple):
    """Where ``~`` stands in a tag: after the opening braces, before the closing ones."""

    open: bool = False
    close: bool = False


NO_STRIP: Final = Strip()


@dataclass(slots=True)
class Text:
    """Text that is copied. ``value`` is ``original`` less the white space that tags beside it take away."""

    original: str
    value: str
    left_stripped: bool = False
    right_stripped: bool = False


@dataclass(slots=True)
class Output:
    """``{{value}}`` or, not escaped, ``{{{value}}}`` and ``{{&value}}``."""

    value: Call | Operation
    escaped: bool
    strip: Strip


@dataclass(slots=True)
class Comment:
    """``{{! text }}`` or ``{{!-- text --}}``."""

    strip: Strip


@dataclass(slots=True)
class Program:
    """What stands between two tags of a block, or the whole template."""

    body: list[Node]
    # Names after `as |…|`.
    names: tuple[str, ...] = ()
    # Places in the body of what may take white space away. Text and outputs without `~` need not be among them.
    edges: Sequence[int] = field(default=(), compare=False)
    # Only holds the block of an `else if`.
    chained: bool = False


@dataclass(slots=True)
class Block:
    """``{{#name …}}program{{else}}inverse{{/name}}``; ``{{^name}}`` has only the inverse."""

    call: Call
    program: Program | None
    inverse: Program | None
    open_strip: Strip
    inverse_strip: Strip
    close_strip: Strip = NO_STRIP


Node = Text | Output | Comment | Block
