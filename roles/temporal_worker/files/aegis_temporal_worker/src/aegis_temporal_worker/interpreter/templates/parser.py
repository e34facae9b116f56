# SPDX-License-Identifier: Apache-2.0
"""Text to tree.

What the language has beyond plain paths (blocks, helpers, sub-expressions, comments, white space control) is refused
with its place and name: a template is never rendered half understood.
"""

from __future__ import annotations

import re
from typing import Final

from .syntax import Node, Output, Path, Program, TemplateError, Text

# A name as Handlebars' grammar has it: anything but white space and these marks.
_ID: Final = r"""[^\s!"#%&'()*+,./;<=>@\[\\\]^`{|}~]+"""
_SEGMENT: Final = re.compile(rf"\[(?P<any>[^\]]*)\]|(?P<id>{_ID})")
_NOT_YET: Final = {
    "#": "blocks",
    "^": "inverse sections",
    "/": "closing tags",
    ">": "partials",
    "!": "comments",
    "~": "white space control",
    "*": "decorators",
}
# Called without arguments these are helpers, not names; a helper wins over a key of the same name.
HELPERS: Final = ("length", "upper", "lower", "trim", "json", "first_line", "default", "keys", "log", "lookup")
_MOST_SHOWN: Final = 60


def parse(source: str) -> Program:
    """The tree of a template.

    Raises ``TemplateError`` with the line for anything that is no text and no plain path.
    """
    nodes: list[Node] = []
    position = 0
    while True:
        opening = source.find("{{", position)
        if opening < 0:
            break
        if opening > position:
            nodes.append(Text(source[position:opening]))
        if opening > 0 and source[opening - 1] == "\\":
            raise _error(source, opening, r"the escape \{{ is not supported yet")
        position = _tag(source, opening, nodes)
    if position < len(source):
        nodes.append(Text(source[position:]))
    return tuple(nodes)


def _tag(source: str, opening: int, nodes: list[Node]) -> int:
    """Read the tag at ``opening``, append its node, return the position after it."""
    if source.startswith("{{{{", opening):
        raise _error(source, opening, "raw blocks are not supported yet")
    raw = source.startswith("{{{", opening)
    begin, close = (opening + 3, "}}}") if raw else (opening + 2, "}}")
    end = source.find(close, begin)
    if end < 0:
        raise _error(source, opening, f"the tag is not closed by {close}")
    inner = source[begin:end]
    if inner[:1] in _NOT_YET or inner[-1:] == "~":
        raise _error(source, opening, f"{_NOT_YET.get(inner[:1], _NOT_YET['~'])} are not supported yet")
    unescaped = raw or inner.startswith("&")
    expression = inner[1:] if inner.startswith("&") and not raw else inner
    try:
        path = parse_path(expression)
    except TemplateError as error:
        raise _error(source, opening, str(error)) from None
    nodes.append(Output(path, escaped=not unescaped))
    return end + len(close)


def parse_path(expression: str) -> Path:
    """The path written as ``expression``.

    Raises ``TemplateError`` when it is anything but one path.
    """
    text = expression.strip()
    if not text:
        raise TemplateError("the tag is empty")
    if text in HELPERS:
        raise TemplateError(f"the helper {text!r} is not supported yet")
    if text.startswith(".."):
        raise TemplateError("parent paths are not supported yet")
    if text in {"this", "."}:
        return Path(())
    rest = re.sub(r"^(?:this|\.)[./]", "", text)
    parts: list[str] = []
    position = 0
    while True:
        segment = _SEGMENT.match(rest, position)
        if segment is None:
            raise TemplateError(_why_no_path(text))
        bracketed = segment["any"]
        if bracketed is None and segment["id"] == "this":
            raise TemplateError("'this' may only begin a path")
        parts.append(segment["id"] if bracketed is None else bracketed)
        position = segment.end()
        if position == len(rest):
            return Path(tuple(parts))
        if rest[position] not in "./":
            raise TemplateError(_why_no_path(text))
        position += 1


def _why_no_path(text: str) -> str:
    head = text.split(None, 1)
    if len(head) > 1 and _SEGMENT.fullmatch(head[0]):
        known = "helper" if head[0] in HELPERS else "unknown helper"
        return f"the {known} {head[0]!r} with arguments is not supported yet"
    return f"{_shorten(text)!r} is no path"


def _shorten(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def _error(source: str, position: int, message: str) -> TemplateError:
    line = source.count("\n", 0, position) + 1
    end = source.find("}}", position)
    tag = source[position : end + 2] if end >= 0 else source[position:]
    return TemplateError(f"Template error in line {line} at {_shorten(tag)!r}: {message}")
