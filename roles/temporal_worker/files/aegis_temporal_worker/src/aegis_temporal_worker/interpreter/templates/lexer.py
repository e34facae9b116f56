# SPDX-License-Identifier: Apache-2.0
"""Text to tokens: how a tag begins, and what stands in it.

The patterns and their order are those of Handlebars 4's lexer: the first that matches wins, not the longest.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from .syntax import SPACE, SPACES, TemplateError

_MOST_SHOWN: Final = 60
# A name: anything but white space and Handlebars' marks, as long as one of a few characters follows.
ID: Final = rf"""[^{SPACE}!"#%&'()*+,./;<=>@\[\\\]^`{{|}}~]+"""
_AFTER_ID: Final = rf"(?=[=~}}{SPACE}/.)|])"
_AFTER_LITERAL: Final = rf"(?=[~}}{SPACE})])"

OPENING: Final = re.compile(
    rf"""(?P<RAW_BLOCK>\{{\{{\{{\{{)
    |(?P<PARTIAL>\{{\{{~?\#?>)
    |(?P<DECORATOR>\{{\{{~?\#?\*)
    |(?P<BLOCK>\{{\{{~?\#)
    |(?P<CLOSING>\{{\{{~?/)
    |(?P<INVERSE>\{{\{{~?(?:\^|[{SPACE}]*else)[{SPACE}]*~?\}}\}})
    |(?P<INVERSE_BLOCK>\{{\{{~?\^)
    |(?P<CHAIN>\{{\{{~?[{SPACE}]*else\b)
    |(?P<UNESCAPED>\{{\{{~?\{{)
    |(?P<LONG_COMMENT>\{{\{{~?!--)
    |(?P<COMMENT>\{{\{{~?!.*?\}}\}})
    |(?P<OUTPUT>\{{\{{~?&?)""".replace("\n    ", ""),
    re.ASCII | re.DOTALL,
)
LONG_COMMENT: Final = re.compile(r"\{\{~?!.*?--~?\}\}", re.DOTALL)
# NAME is what most of ID is, found before all that cannot begin like a name.
_INNER: Final = re.compile(
    rf"""[{SPACE}]*(?:
    (?P<NAME>(?![-0-9]|(?:true|false|undefined|null|as)\b){ID}{_AFTER_ID})
    |(?P<OPEN_CALL>\()
    |(?P<CLOSE_CALL>\))
    |(?P<CLOSE_RAW>\}}\}}\}}\}})
    |(?P<NESTED>\{{\{{)
    |(?P<EQUALS>=)
    |(?P<DOTS>\.\.|\.{_AFTER_ID})
    |(?P<SEPARATOR>[/.])
    |(?P<CLOSE_UNESCAPED>\}}~?\}}\}})
    |(?P<CLOSE>~?\}}\}})
    |(?P<STRING>"(?:\\"|[^"])*"|'(?:\\'|[^'])*')
    |(?P<DATA>@)
    |(?P<CONSTANT>(?:true|false|undefined|null){_AFTER_LITERAL})
    |(?P<NUMBER>-?[0-9]+(?:\.[0-9]+)?{_AFTER_LITERAL})
    |(?P<OPEN_NAMES>as[{SPACE}]+\|)
    |(?P<CLOSE_NAMES>\|)
    |(?P<ID>{ID}{_AFTER_ID})
    |(?P<BRACKETS>\[(?:\\\]|[^\]])*\])
    |(?P<INVALID>.))""".replace("\n    ", ""),
    re.ASCII | re.DOTALL,
)
_CLOSING: Final = frozenset({"CLOSE", "CLOSE_UNESCAPED", "CLOSE_RAW"})
_BRACKET_ESCAPE: Final = re.compile(r"\\([\\\]])")
_LINE_ENDS: Final = frozenset("\n\r\u2028\u2029")


class TagError(TemplateError):
    """An error in a tag whose place in the template is not told yet."""


class Token(NamedTuple):
    """A kind (a group name of the patterns), the text it stands for, and for names whether brackets hold it."""

    kind: str
    text: str
    literal: bool = False


def tokens(source: str, position: int) -> tuple[list[Token], int]:
    """The tokens of the tag whose inside begins at ``position``, the closing braces last, and the position after them.

    Raises ``TagError`` at a character that begins no token, and when the tag is not closed.
    """
    found: list[Token] = []
    while True:
        match = _INNER.match(source, position)
        if match is None:
            raise TagError("the tag is not closed")
        kind = match.lastgroup or "INVALID"
        text, begin = match[kind], match.start(kind)
        position = match.end()
        if kind in ("NAME", "ID", "DOTS"):
            found.append(Token("ID", text, False))
        elif kind in _CLOSING:
            found.append(Token(kind, text))
            return found, position
        elif kind == "BRACKETS":
            found.append(_bracketed(text))
        elif kind == "STRING":
            quote = text[0]
            found.append(Token(kind, text[1:-1].replace("\\" + quote, quote)))
        elif kind == "INVALID":
            raise TagError(f"{text!r} cannot stand here")
        elif kind == "NESTED":
            raise TagError("'{{' cannot stand in a tag")
        elif kind == "NUMBER" and found and found[-1].kind == "SEPARATOR" and _ends_path(source, begin, text):
            found.append(Token("INDEX", text))
        else:
            found.append(Token(kind, text))


def _ends_path(source: str, begin: int, digits: str) -> bool:
    """Whether digits after a separator are an index at the end of a path. Handlebars itself wants brackets there."""
    return digits[0] != "-" and source[begin - 1] in "./" and source[begin - 2] not in SPACES


def _bracketed(text: str) -> Token:
    name = _BRACKET_ESCAPE.sub(r"\1", text)
    # Handlebars keeps the brackets of a name with a line end in it.
    if name.endswith("]") and _LINE_ENDS.isdisjoint(name):
        return Token("ID", name[1:-1], literal=True)
    return Token("ID", name)


def failed(source: str, position: int, message: str) -> TemplateError:
    """The error for a tag that begins at ``position``, with its line."""
    line = source.count("\n", 0, position) + 1
    end = source.find("}}", position)
    tag = source[position : end + 2] if end >= 0 else source[position : position + _MOST_SHOWN + 1]
    return TemplateError(f"Template error in line {line} at {shorten(tag)!r}: {message}")


def shorten(text: str) -> str:
    """The beginning of a text, for a message."""
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
