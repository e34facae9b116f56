# SPDX-License-Identifier: Apache-2.0
"""Expressions with operators, for ``custom`` conditions and arithmetic in a tag: an extension of Handlebars.

Names are written as in templates, without white space in them: ``a/b`` is a path and ``a / b`` a division, ``a-b`` is
a name and ``a - b`` a subtraction. A name followed by operands is a call, with or without parentheses. Operators bind
as in JavaScript.
"""

from __future__ import annotations

import re
from typing import Final

from .helpers import CALLABLE
from .lexer import ID, TagError
from .phrases import MOST_NESTED, Phrase, number
from .syntax import SPACE, Call, Literal, Negation, Operand, Operation, Path

ARITHMETIC: Final = frozenset({"+", "-", "*", "/", "%"})
_BINDING: Final = {
    **{"||": 1, "&&": 2, "==": 3, "!=": 3, "===": 3, "!==": 3, "<": 4, "<=": 4, ">": 4, ">=": 4},
    **{"+": 5, "-": 5, "*": 6, "/": 6, "%": 6},
}
# Operators in one expression; each is a level of the tree.
_MOST_OPERATORS: Final = 100
_SEGMENT: Final = rf"(?:{ID}|\[(?:\\\]|[^\]])*\]|\.\.|\.)"
_END: Final = rf"(?=[{SPACE}(){{}}!=<>&|+*%]|$)"
_TOKEN: Final = re.compile(
    rf"""[{SPACE}]*(?:
    (?P<OPERATOR>\|\||&&|[=!]==?|[<>]=?|[+*%]|[/-](?=[{SPACE}]))
    |(?P<NOT>!)
    |(?P<OPEN>\(|\{{\{{\{{?)
    |(?P<CLOSE>\)|\}}\}}\}}?)
    |(?P<STRING>"(?:\\"|[^"])*"|'(?:\\'|[^'])*')
    |(?P<NUMBER>-?[0-9]+(?:\.[0-9]+)?){_END}
    |(?P<PATH>@?{_SEGMENT}(?:[./]{_SEGMENT})*)
    |(?P<END>$)
    |(?P<INVALID>.))""".replace("\n    ", ""),
    re.ASCII | re.DOTALL,
)
_CLOSES: Final = {"(": ")", "{{": "}}", "{{{": "}}}"}


class Infix:
    """A reader of one expression."""

    __slots__ = ("_depth", "_kind", "_next", "_operators", "_source", "_text")

    def __init__(self, source: str) -> None:
        self._source = source
        self._next = self._depth = self._operators = 0
        self._advance()

    def whole(self) -> Operand:
        """The expression.

        Raises ``TagError`` when the text is none.
        """
        found = self._binary(0)
        if self._kind != "END":
            raise self._unexpected()
        return found

    def _advance(self) -> str:
        text = getattr(self, "_text", "")
        match = _TOKEN.match(self._source, self._next)
        if match is None or match.lastgroup is None:
            raise TagError("the expression cannot be read")
        self._kind, self._text, self._next = match.lastgroup, match[match.lastgroup], match.end()
        return text

    def _binary(self, least: int) -> Operand:
        left = self._unary()
        while self._kind == "OPERATOR" and _BINDING[self._text] > least:
            binding = _BINDING[self._text]
            operator = self._advance()
            self._operators += 1
            if self._operators > _MOST_OPERATORS:
                raise TagError(f"more than {_MOST_OPERATORS} operators")
            left = Operation(operator, left, self._binary(binding))
        return left

    def _unary(self) -> Operand:
        if self._kind != "NOT":
            return self._named() if self._kind == "PATH" else self._operand()
        self._advance()
        self._deeper()
        operand = self._unary()
        self._depth -= 1
        return Negation(operand)

    def _named(self) -> Operand:
        """A path, or a call when operands follow it."""
        path = self._operand()
        params: list[Operand] = []
        while self._kind in ("PATH", "STRING", "NUMBER") or (self._kind == "OPEN" and self._text == "("):
            params.append(self._operand())
        if not params:
            return path
        if not isinstance(path, Path) or not path.simple or path.parts[0] not in CALLABLE:
            raise TagError(f"{self._source[:60]!r} calls something that is no helper")
        return Call(path, params, nested=True)

    def _operand(self) -> Operand:
        kind = self._kind
        if kind == "OPEN":
            return self._group()
        if kind not in ("PATH", "STRING", "NUMBER"):
            raise self._unexpected()
        written = self._advance()
        if kind == "NUMBER":
            return Literal(number(written))
        return Phrase(written + "}}", 0).single()

    def _group(self) -> Operand:
        closing = _CLOSES[self._advance()]
        self._deeper()
        inside = self._binary(0)
        if self._kind != "CLOSE" or self._text != closing:
            raise self._unexpected()
        self._advance()
        self._depth -= 1
        if closing == ")" and isinstance(inside, Path) and inside.simple and inside.parts[0] in CALLABLE:
            return Call(inside, nested=True)
        return inside

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise TagError(f"more than {MOST_NESTED} parentheses within each other")

    def _unexpected(self) -> TagError:
        if self._kind == "END":
            return TagError("the expression ends too early")
        return TagError(f"{self._text!r} cannot stand here")
