# SPDX-License-Identifier: Apache-2.0
"""What a printing tag holds: a name or call, or arithmetic on two operands, which is an extension of Handlebars."""

from __future__ import annotations

import re
from typing import Final

from .helpers import CALLABLE
from .infix import ARITHMETIC, Infix
from .lexer import TagError
from .phrases import Phrase
from .syntax import Call, Operation, Path

_CLOSING: Final = {"OUTPUT": re.compile(r"(~?)\}\}(?!\})"), "UNESCAPED": re.compile(r"\}(~?)\}\}(?!\})")}
# Without white space around it an operator would be part of a name, or a mistake.
_APART: Final = re.compile(r"\s[-+*/%]\s")
_KIND: Final = {"OUTPUT": "CLOSE", "UNESCAPED": "CLOSE_UNESCAPED"}


def output_value(source: str, position: int, kind: str) -> tuple[Call | Operation, bool, int]:
    """What to print, whether ``~`` stands before the closing braces, and the position after them.

    ``position`` is where the tag's inside begins, ``kind`` a group of ``lexer.OPENING``. Raises ``TagError``.
    """
    try:
        phrase = Phrase(source, position)
        call, _original = phrase.head()
        strip = phrase.close(_KIND[kind])
    except TagError:
        found = _arithmetic(source, position, kind)
        if found is None:
            raise
        return found
    return _difference(call) or call, strip, phrase.end


def _arithmetic(source: str, position: int, kind: str) -> tuple[Operation, bool, int] | None:
    closing = _CLOSING[kind].search(source, position)
    if closing is None:
        return None
    inside = source[position : closing.start()]
    if not _APART.search(inside):
        return None
    try:
        found = Infix(inside).whole()
    except TagError:
        return None
    if not isinstance(found, Operation) or found.operator not in ARITHMETIC:
        return None
    if isinstance(found.left, Operation) or isinstance(found.right, Operation):
        return None
    return found, bool(closing[1]), closing.end()


def _difference(call: Call) -> Operation | None:
    """``a - b`` reads as a call of ``a`` with two arguments, ``-`` and ``b``; no helper has that name."""
    if call.hash or len(call.params) != 2 or call.path.parts[:1] in [(name,) for name in CALLABLE]:
        return None
    minus, right = call.params
    if isinstance(minus, Path) and minus.original == "-" and not isinstance(right, Operation):
        return Operation("-", call.path, right)
    return None
