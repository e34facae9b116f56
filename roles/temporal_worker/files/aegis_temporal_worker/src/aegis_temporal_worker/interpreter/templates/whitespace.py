# SPDX-License-Identifier: Apache-2.0
"""White space around tags: what ``~`` takes away, and the lines on which a block tag or comment stands alone.

The rules, with their corners, are those of Handlebars 4.7.10; each node is looked at in order, and what an earlier
one took away does not change whether a later one stands alone.
"""

from __future__ import annotations

from typing import NamedTuple

from .syntax import SPACES, Block, Comment, Node, Output, Program, Text


class _Effect(NamedTuple):
    """What a node does to the text beside it: strip it all, or make a line of its own."""

    strip_before: bool = False
    strip_after: bool = False
    opening_alone: bool = False
    closing_alone: bool = False
    alone: bool = False


_NONE = _Effect()


def control(program: Program, *, root: bool = False) -> None:
    """Take the white space away, in place. ``root``: the program is the whole template."""
    body = program.body
    for index in program.edges:
        node = body[index]
        if isinstance(node, Text):
            continue
        effect = _effect(node)
        if effect is _NONE:
            continue
        line_before = _ends_line(body, index, root=root)
        line_after = _begins_line(body, index, root=root)
        if effect.strip_after:
            _strip_right(body, index + 1, all_of_it=True)
        if effect.strip_before:
            _strip_left(body, index - 1, all_of_it=True)
        if effect.alone and line_before and line_after:
            _strip_right(body, index + 1)
            _strip_left(body, index - 1)
        if not isinstance(node, Block):
            continue
        if effect.opening_alone and line_before:
            _strip_right(_body(node.program or node.inverse), 0)
            _strip_left(body, index - 1)
        if effect.closing_alone and line_after:
            _strip_right(body, index + 1)
            inside = _body(node.inverse or node.program)
            _strip_left(inside, len(inside) - 1)


def _effect(node: Output | Comment | Block) -> _Effect:
    if isinstance(node, Block):
        return _block(node)
    strip = node.strip
    if isinstance(node, Comment):
        return _Effect(strip.open, strip.close, alone=True)
    return _Effect(strip.open, strip.close) if strip.open or strip.close else _NONE


def _block(block: Block) -> _Effect:
    for section in (block.program, block.inverse):
        if section is not None:
            control(section)
    first = _body(block.program or block.inverse)
    inverse = block.inverse if block.program is not None else None
    after_else = last = _body(inverse)
    if inverse is not None and inverse.chained:
        chained = inverse.body[0]
        # Of an `else if` the first section counts, on both sides.
        after_else = last = _body(chained.program) if isinstance(chained, Block) else []
    effect = _Effect(
        block.open_strip.open,
        block.close_strip.close,
        _begins_line(first, -1),
        _ends_line(after_else if inverse is not None else first, None),
    )
    if block.open_strip.close:
        _strip_right(first, 0, all_of_it=True)
    if inverse is None:
        if block.close_strip.open:
            _strip_left(first, len(first) - 1, all_of_it=True)
        return effect
    if block.inverse_strip.open:
        _strip_left(first, len(first) - 1, all_of_it=True)
    if block.inverse_strip.close:
        _strip_right(after_else, 0, all_of_it=True)
    if block.close_strip.open:
        _strip_left(last, len(last) - 1, all_of_it=True)
    if _ends_line(first, None) and _begins_line(after_else, -1):
        _strip_left(first, len(first) - 1)
        _strip_right(after_else, 0)
    return effect


def _body(program: Program | None) -> list[Node]:
    return [] if program is None else program.body


def _ends_line(body: list[Node], index: int | None, *, root: bool = False) -> bool:
    """Whether only white space stands between the line's beginning and the node at ``index`` (None: the end)."""
    place = len(body) if index is None else index
    if place == 0:
        return root
    before = body[place - 1]
    if not isinstance(before, Text):
        return False
    text = before.original
    if text[-1] == "\n":
        return True
    blank = text[len(text.rstrip(SPACES)) :]
    return "\n" in blank or (root and place == 1 and len(blank) == len(text))


def _begins_line(body: list[Node], index: int, *, root: bool = False) -> bool:
    """Whether only white space stands between the node at ``index`` and the line's end."""
    if index + 1 >= len(body):
        return root
    after = body[index + 1]
    if not isinstance(after, Text):
        return False
    text = after.original
    if text[0] == "\n":
        return True
    blank = text[: len(text) - len(text.lstrip(SPACES))]
    return "\n" in blank or (root and index + 2 >= len(body) and len(blank) == len(text))


def _strip_right(body: list[Node], index: int, *, all_of_it: bool = False) -> None:
    """Take white space from the beginning of the text at ``index``: all, or blanks and one line end."""
    node = body[index] if 0 <= index < len(body) else None
    if not isinstance(node, Text) or (node.right_stripped and not all_of_it):
        return
    before = node.value
    if all_of_it:
        node.value = before.lstrip(SPACES)
    else:
        node.value = before.lstrip(" \t").removeprefix("\r").removeprefix("\n")
    node.right_stripped = node.value != before


def _strip_left(body: list[Node], index: int, *, all_of_it: bool = False) -> None:
    """Take white space from the end of the text at ``index``: all, or blanks."""
    node = body[index] if 0 <= index < len(body) else None
    if not isinstance(node, Text) or (node.left_stripped and not all_of_it):
        return
    before = node.value
    node.value = before.rstrip(SPACES if all_of_it else " \t")
    node.left_stripped = node.value != before
