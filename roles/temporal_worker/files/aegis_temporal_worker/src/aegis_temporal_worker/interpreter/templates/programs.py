# SPDX-License-Identifier: Apache-2.0
"""The nodes of a program, one after the other, as one closure.

Handlebars joins what they print with JavaScript's ``+``. As long as all is text, or text comes first, that joins; two
numbers in triple braces at the beginning are added up. Templates that escape do the same, in programs of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..values import UNDEFINED, text
from .blocks import Section
from .coercion import add
from .scope import Scope


@dataclass(slots=True)
class Item:
    """A compiled node that prints what depends on the names; one that always gives the same text is that text."""

    run: Section
    # It always gives text; else it may give a number or boolean.
    text: bool
    steps: int
    # A block on a plain name, which Handlebars adds to the output in a statement of its own.
    statement: bool = False


Items = Sequence[str | Item]


def join(items: Items, *, lone: bool) -> tuple[Section, bool]:
    """The closure for nodes, and whether it always gives text. ``lone``: the program has one node, printing or not."""
    steps = 1
    parts: list[str] = []
    changing: list[tuple[int, Section]] = []
    text_only = True
    for item in items:
        if isinstance(item, str):
            steps += 1
            parts.append(item)
        else:
            steps += item.steps
            changing.append((len(parts), item.run))
            parts.append("")
            text_only = text_only and item.text
    if not text_only:
        first = items[0]
        if len(items) == 1 and isinstance(first, Item) and (lone or not first.statement):
            return _single(first), False
        if _may_add(items):
            return _sums(items, steps), False
    return _texts(parts, changing, steps), True


def _texts(parts: list[str], changing: list[tuple[int, Section]], steps: int) -> Section:
    whole = "".join(parts)
    fixed = len(whole)

    def run(scope: Scope) -> str:
        limits = scope.run
        limits.step(steps)
        limits.write(fixed)
        if not changing:
            return whole
        out = parts.copy()
        for index, item in changing:
            value = item(scope)
            out[index] = value if value.__class__ is str else text(value)
        return "".join(out)

    return run


def _single(item: Item) -> Section:
    def run(scope: Scope) -> object:
        scope.run.step(1 + item.steps)
        value = item.run(scope)
        return "" if value is UNDEFINED else value

    return run


def _split(items: Items) -> tuple[list[str | Item], list[tuple[Item, list[str | Item]]]]:
    """The nodes before the first statement, and each statement with those after it."""
    first: list[str | Item] = []
    rest: list[tuple[Item, list[str | Item]]] = []
    for item in items:
        if isinstance(item, Item) and item.statement:
            rest.append((item, []))
        else:
            (rest[-1][1] if rest else first).append(item)
    return first, rest


def _may_add(items: Items) -> bool:
    """Whether two numbers could meet, with no text before them."""
    first, rest = _split(items)
    if not rest:
        return _numbers_meet(first)
    # What a statement adds to is a number only when all before it is one.
    begins_as_number = len(first) == 1 and not _is_text(first[0])
    if _numbers_meet(first) or (begins_as_number and not rest[0][0].text):
        return True
    return any(_numbers_meet(group) for _statement, group in rest[:-1])


def _numbers_meet(group: Items) -> bool:
    return len(group) > 1 and not _is_text(group[0]) and not _is_text(group[1])


def _is_text(item: str | Item) -> bool:
    return isinstance(item, str) or item.text


def _sums(items: Items, steps: int) -> Section:
    first, rest = _split(items)

    def total(start: Any, group: Items, scope: Scope) -> Any:
        for item in group:
            value = item if isinstance(item, str) else item.run(scope)
            start = value if start is UNDEFINED else add(start, value, scope.run)
        return start

    def run(scope: Scope) -> object:
        scope.run.step(steps)
        out = total(UNDEFINED, first, scope) if first else ""
        for index, (statement, group) in enumerate(rest):
            value = statement.run(scope)
            if value is not UNDEFINED:
                out = add(out, value, scope.run)
            if index == len(rest) - 1:
                out = total(out, group, scope)
            elif group:
                out = add(out, total(UNDEFINED, group, scope), scope.run)
        return out

    return run
