# SPDX-License-Identifier: Apache-2.0
"""Ordinary tags, read at once: the same as ``phrases`` reads token by token, several times faster."""

from __future__ import annotations

import re
from typing import Final

from .phrases import CONSTANTS, number
from .syntax import NO_STRIP, Call, Literal, Operand, Path, Strip

# Possessive: a tag that is not ordinary is found out without trying shorter words.
_WORD: Final = r"[A-Za-z_][A-Za-z0-9_-]*+"
_PATH: Final = rf"(?:@|(?:\.\./)++)?{_WORD}(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*+)*+"
_OPERAND: Final = rf""" (?!as\ \|)({_PATH}|"[^"\\]*+"|'[^'\\]*+'|-?[0-9]++(?:\.[0-9]++)?+(?=[ ~}}]))"""
_TAG: Final = re.compile(
    r"\{\{(~)?(?:(\{)|(#|else(?= )))? ?(?!else\b)"
    rf"({_PATH})(?:{_OPERAND})?+(?:{_OPERAND})?+(?: as \|({_WORD}(?: {_WORD})?+)\|)?+"
    r" ?(?(2)\})(~)?\}\}(?!\})",
    re.ASCII,
)
_MARKS: Final = "@."
# Words that are not names, or not everywhere.
_RESERVED: Final = frozenset({"this", "true", "false", "null", "undefined", "as"})

# A tag's mark ("#", "else", "{" or none), what it holds, the names after `as`, and the position after it.
Plain = tuple[str, Call, tuple[str, ...], Strip, int]


def plain(source: str, begin: int) -> Plain | None:
    """The tag that begins at ``begin``: an ordinary path, at most two paths, texts or numbers, block parameters.

    None for all other tags, which may be right or wrong.
    """
    match = _TAG.match(source, begin)
    if match is None:
        return None
    opened, brace, mark, first, second, third, named, closed = match.groups()
    path = _marked_path(first) if first[0] in _MARKS else _path(first)
    if path is None:
        return None
    if second is None:
        call = Call(path)
    else:
        param = _operand(second)
        if param is None:
            return None
        if third is None:
            call = Call(path, (param,))
        else:
            other = _operand(third)
            if other is None:
                return None
            call = Call(path, (param, other))
    names: tuple[str, ...] = ()
    if named is not None:
        names = tuple(named.split(" "))
        if mark is None or not _RESERVED.isdisjoint(names):
            return None
    strip = Strip(opened is not None, closed is not None) if opened or closed else NO_STRIP
    return mark or brace or "", call, names, strip, match.end()


def _path(written: str) -> Path | None:
    parts = written.split(".")
    if not _RESERVED.isdisjoint(parts):
        if parts[0] != "this":
            return None
        del parts[0]
        if not _RESERVED.isdisjoint(parts):
            return None
    return Path(tuple(parts), 0, False, written)


def _marked_path(written: str) -> Path | None:
    data = written[0] == "@"
    depth = 0 if data else written.count("../")
    parts = written[1 if data else 3 * depth :].split(".")
    return Path(tuple(parts), depth, data, written) if _RESERVED.isdisjoint(parts) else None


def _operand(written: str) -> Operand | None:
    mark = written[0]
    if mark in "\"'":
        return Literal(written[1:-1])
    if mark in "-0123456789":
        return Literal(number(written))
    if written in CONSTANTS:
        return Literal(CONSTANTS[written])
    return _marked_path(written) if mark in _MARKS else _path(written)
