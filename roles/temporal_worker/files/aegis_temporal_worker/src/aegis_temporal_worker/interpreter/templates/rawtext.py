# SPDX-License-Identifier: Apache-2.0
"""Text with braces in it that begin no tags: after a backslash, and in raw blocks."""

from __future__ import annotations

import re
from typing import Final

from .lexer import ID, TagError

_RAW: Final = "{{{{"
_RAW_END: Final = re.compile(rf"\{{\{{\{{\{{/({ID})\}}\}}\}}\}}")


def escaped_end(source: str, begin: int) -> int:
    r"""Where the text ends that ``\{{`` begins: at the next tag, or at the backslashes before it."""
    end = source.find("{{", begin + 2)
    if end < 0:
        return len(source)
    for _backslash in range(2):
        end -= end - 1 >= begin + 2 and source[end - 1] == "\\"
    return end


def raw_text(source: str, position: int) -> tuple[list[str], str, int]:
    """The inside of a raw block in pieces, the name of its closing tag, and the position after that.

    Raw blocks in it are text, but their closing tags do not end it. Raises ``TagError`` when nothing ends it.
    """
    pieces: list[str] = []
    level = 1
    while True:
        closing = _RAW_END.match(source, position)
        if closing is not None:
            if level == 1:
                return pieces, closing[1], closing.end()
            level -= 1
            end = closing.end()
        elif source.startswith(_RAW, position) and source[position + 4 : position + 5] not in ("", "/"):
            level += 1
            end = position + 4
        else:
            end = source.find(_RAW, position + 1)
            if end < 0:
                raise TagError("the raw block is not closed")
        pieces.append(source[position:end])
        position = end
