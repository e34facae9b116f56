# SPDX-License-Identifier: Apache-2.0
"""Text to tree: tags and the text between them, blocks within each other."""

from __future__ import annotations

from typing import Final, NamedTuple

from .arithmetic import output_value
from .lexer import LONG_COMMENT, TagError, failed
from .phrases import MOST_NESTED, Original, Phrase
from .plain import plain
from .rawtext import escaped_end, raw_text
from .syntax import NO_STRIP, Block, Call, Comment, Node, Output, Program, Strip, Text
from .tags import ELSE, Head, Tag, tag_at
from .whitespace import control

# Marks of ordinary tags that print.
_PRINTS: Final = ("", "{")
_ENDS_PROGRAM: Final = frozenset({"CLOSING", "INVERSE", "CHAIN"})
# Tags of one template: reading and compiling them must not hold a workflow task up.
_MOST_TAGS: Final = 20_000


def parse(source: str) -> Program:
    """The tree of a template, white space control done.

    Raises ``TemplateError`` with the line.
    """
    program = _Parser(source).template()
    control(program, root=True)
    return program


class _Inverse(NamedTuple):
    """What follows the first section of a block."""

    program: Program
    strip: Strip


class _Parser:
    __slots__ = ("_depth", "_position", "_source", "_tags")

    def __init__(self, source: str) -> None:
        self._source = source
        self._position = 0
        self._depth = 0
        self._tags = 0

    def template(self) -> Program:
        program, tag = self._program(())
        if tag is not None:
            raise failed(self._source, tag.begin, "this tag belongs to no block")
        return program

    def _program(self, names: tuple[str, ...]) -> tuple[Program, Tag | None]:
        """Nodes up to a tag that ends them (returned, its inside not yet read) or the end of the text."""
        source = self._source
        body: list[Node] = []
        edges: list[int] = []
        while (begin := source.find("{{", self._position)) >= 0:
            before = source[self._position : begin]
            if before.endswith("\\"):
                self._text(body, before[:-1])
                if not before.endswith("\\\\"):
                    self._position = escaped_end(source, begin)
                    self._text(body, source[begin : self._position])
                    continue
            elif before and "\0" not in before:
                body.append(Text(before, before))
            else:
                self._text(body, before)
            found = plain(source, begin)
            if found is not None and found[0] in _PRINTS:
                mark, call, _names, strip, self._position = found
                if strip is not NO_STRIP:
                    edges.append(len(body))
                body.append(Output(call, not mark, strip))
            else:
                tag = tag_at(source, begin, found)
                if tag.kind in _ENDS_PROGRAM:
                    return Program(body, names, edges), tag
                edges.append(len(body))
                body.append(self._node(tag))
            self._tags += 1
            if self._tags > _MOST_TAGS:
                raise failed(source, begin, f"more than {_MOST_TAGS} tags")
        self._text(body, source[self._position :])
        self._position = len(source)
        return Program(body, names, edges), None

    def _text(self, body: list[Node], text: str) -> None:
        if "\0" in text:
            raise failed(self._source, self._position, "a NUL character cannot stand in text")
        if text:
            body.append(Text(text, text))

    def _node(self, tag: Tag) -> Node:
        source = self._source
        match tag.kind:
            case "BLOCK":
                return self._block(tag)
            case "OUTPUT" | "UNESCAPED":
                try:
                    value, close, self._position = output_value(source, tag.inside, tag.kind)
                except TagError as error:
                    raise failed(source, tag.begin, str(error)) from None
                return Output(value, tag.kind == "OUTPUT" and tag.opening[-1] != "&", Strip(tag.stripped, close))
            case "COMMENT" | "LONG_COMMENT":
                return self._comment(tag)
            case "INVERSE_BLOCK":
                return self._block(tag, inverted=True)
            case "RAW_BLOCK":
                return self._raw_block(tag)
        raise failed(source, tag.begin, "there are no partials and no decorators")

    def _comment(self, tag: Tag) -> Comment:
        text, self._position = tag.opening, tag.inside
        if tag.kind == "LONG_COMMENT":
            whole = LONG_COMMENT.match(self._source, tag.begin)
            if whole is None:
                raise failed(self._source, tag.begin, "the comment is not closed by --}}")
            text, self._position = whole[0], whole.end()
        return Comment(Strip(tag.stripped, text.endswith("~}}")))

    def _opened(self, tag: Tag, kind: str = "CLOSE") -> Head:
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise failed(self._source, tag.begin, f"more than {MOST_NESTED} blocks within each other")
        if tag.head is not None:
            self._position = tag.inside
            return tag.head
        try:
            phrase = Phrase(self._source, tag.inside)
            call, original = phrase.head()
            names = phrase.block_names() if kind == "CLOSE" else ()
            strip = Strip(tag.stripped, phrase.close(kind))
        except TagError as error:
            raise failed(self._source, tag.begin, str(error)) from None
        self._position = phrase.end
        return call, original, names, strip

    def _block(self, tag: Tag, *, inverted: bool = False) -> Block:
        depth = self._depth
        call, original, names, strip = self._opened(tag)
        program, end = self._program(names)
        inverse = None
        if end is not None and end.kind != "CLOSING":
            inverse, end = self._inverse(tag, end, chains=not inverted)
        if end is None or end.kind != "CLOSING":
            raise failed(self._source, tag.begin, "this block is not closed")
        close_strip = self._closed(end, original)
        self._depth = depth
        if inverse is not None and inverse.program.chained:
            _last(inverse.program).close_strip = close_strip
        other, inverse_strip = inverse or (None, NO_STRIP)
        first, second = (other, program) if inverted else (program, other)
        return Block(call, first, second, strip, inverse_strip, close_strip)

    def _closed(self, tag: Tag, original: Original) -> Strip:
        source, inside = self._source, tag.inside
        if isinstance(original, str) and source.startswith(f"{original}}}}}", inside):
            end = inside + len(original) + 2
            if original.isidentifier() and source[end : end + 1] != "}":
                self._position = end
                return Strip(True) if tag.stripped else NO_STRIP
        try:
            phrase = Phrase(source, inside)
            closes = phrase.name()
            strip = Strip(tag.stripped, phrase.close("CLOSE"))
        except TagError as error:
            raise failed(source, tag.begin, str(error)) from None
        if closes != original:
            raise failed(source, tag.begin, f"the block {_shown(original)} is open here")
        self._position = phrase.end
        return strip

    def _inverse(self, block: Tag, tag: Tag | None, *, chains: bool) -> tuple[_Inverse | None, Tag | None]:
        """The sections after the first one, and the tag that ends the last of them."""
        sections: list[tuple[Call, Program, Strip]] = []
        while tag is not None and tag.kind == "CHAIN":
            if not chains:
                raise failed(self._source, tag.begin, "an inverse section has no further conditions")
            call, _original, names, strip = self._opened(tag)
            program, tag = self._program(names)
            sections.append((call, program, strip))
        inverse = None
        if tag is not None and tag.kind == "INVERSE":
            strip = NO_STRIP if tag.opening == ELSE else Strip(tag.stripped, tag.opening.endswith("~}}"))
            self._position = tag.inside
            program, tag = self._program(())
            inverse = _Inverse(program, strip)
        for call, program, strip in reversed(sections):
            inner, inner_strip = inverse or (None, NO_STRIP)
            if inner is not None and inner.chained:
                # So it is in Handlebars: only the first of a chain knows how the block's closing tag strips.
                _last(inner).close_strip = inner_strip
            chained = Block(call, program, inner, strip, inner_strip, inner_strip)
            inverse = _Inverse(Program([chained], (), (0,), True), strip)
        return inverse, tag

    def _raw_block(self, tag: Tag) -> Block:
        """A block whose inside is text up to its own closing tag; raw blocks in it only count."""
        depth = self._depth
        call, original, _names, _strip = self._opened(tag, "CLOSE_RAW")
        self._depth = depth
        body: list[Node] = []
        try:
            texts, closing, self._position = raw_text(self._source, self._position)
        except TagError as error:
            raise failed(self._source, tag.begin, str(error)) from None
        for text in texts:
            self._text(body, text)
        if closing != original:
            raise failed(self._source, tag.begin, f"the block {_shown(original)} ends with {closing!r}")
        return Block(call, Program(body), None, NO_STRIP, NO_STRIP)


def _last(chained: Program) -> Block:
    block = chained.body[0]
    assert isinstance(block, Block)  # noqa: S101 - the parser itself builds them so
    return block


def _shown(original: Original) -> str:
    return repr(original if isinstance(original, str) else original[1])
