# SPDX-License-Identifier: Apache-2.0
"""The beginnings of tags, as the parser hands them from one block to the next."""

from __future__ import annotations

from typing import Final, NamedTuple

from .lexer import OPENING, failed
from .phrases import Original
from .plain import Plain
from .syntax import Call, Strip

# The call in a block's opening tag, what the closing tag must repeat, names after `as`, where `~` stands.
Head = tuple[Call, Original, tuple[str, ...], Strip]
ELSE: Final = "{{else}}"
_KINDS: Final = {"#": "BLOCK", "else": "CHAIN"}


class Tag(NamedTuple):
    """The beginning of a tag: its kind (a group of ``lexer.OPENING``), its braces, and where its inside begins."""

    kind: str
    opening: str
    begin: int
    inside: int
    # What an ordinary tag holds; `inside` is then the position after it.
    head: Head | None = None

    @property
    def stripped(self) -> bool:
        """Whether ``~`` follows the opening braces."""
        return self.opening[2:3] == "~"


def tag_at(source: str, begin: int, ordinary: Plain | None) -> Tag:
    """The tag that begins at ``begin``; ``ordinary`` when ``plain`` has read it already.

    Raises ``TemplateError`` when no tag begins like this.
    """
    if ordinary is not None:
        mark, call, names, strip, end = ordinary
        return Tag(_KINDS[mark], "", begin, end, (call, call.path.original, names, strip))
    if source.startswith("{{/", begin):
        return Tag("CLOSING", "{{/", begin, begin + 3)
    if source.startswith(ELSE, begin):
        return Tag("INVERSE", ELSE, begin, begin + len(ELSE))
    opening = OPENING.match(source, begin)
    if opening is None or opening.lastgroup is None:
        raise failed(source, begin, "this begins no tag")
    return Tag(opening.lastgroup, opening[0], begin, opening.end())
