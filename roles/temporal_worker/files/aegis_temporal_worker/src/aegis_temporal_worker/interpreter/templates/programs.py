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
    """A compiled node."""

    run: Section
    # It always gives text; else it may give a number or boolean.
    text: bool
    steps: int
    # What it always gives.
    fixed: str | None = None
    # A block on a plain name, which Handlebars adds to the output in a statement of its own.
    statement: bool = False


def join(items: Sequence[Item], *, lone: bool) -> tuple[Section, bool]:
    """The closure for nodes, and whether it always gives text. ``lone``: the program has one node, printing or not."""
    if len(items) == 1 and not items[0].text and (lone or not items[0].statement):
        return _single(items[0]), False
    for item in items:
        if not item.text:
            return (_sums(items), False) if _may_add(items) else (_texts(items), True)
    return _texts(items), True


def _texts(items: Sequence[Item]) -> Section:
    steps = 1 + sum(item.steps for item in items)
    parts = [item.fixed or "" for item in items]
    fixed = sum(map(len, parts))
    changing = [(index, item.run) for index, item in enumerate(items) if item.fixed is None]
    whole = "".join(parts)

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


def _split(items: Sequence[Item]) -> tuple[list[Item], list[tuple[Item, list[Item]]]]:
    """The nodes before the first statement, and each statement with those after it."""
    first: list[Item] = []
    rest: list[tuple[Item, list[Item]]] = []
    for item in items:
        if item.statement:
            rest.append((item, []))
        else:
            (rest[-1][1] if rest else first).append(item)
    return first, rest


def _may_add(items: Sequence[Item]) -> bool:
    """Whether two numbers could meet, with no text before them."""
    first, rest = _split(items)
    if not rest:
        return _numbers_meet(first)
    # What a statement adds to is a number only when all before it is one.
    begins_as_number = len(first) == 1 and not first[0].text
    if _numbers_meet(first) or (begins_as_number and not rest[0][0].text):
        return True
    return any(_numbers_meet(group) for _statement, group in rest[:-1])


def _numbers_meet(group: Sequence[Item]) -> bool:
    return len(group) > 1 and not group[0].text and not group[1].text


def _sums(items: Sequence[Item]) -> Section:
    steps = 1 + sum(item.steps for item in items)
    first, rest = _split(items)

    def total(start: Any, group: Sequence[Item], scope: Scope) -> Any:
        for item in group:
            value = item.run(scope) if item.fixed is None else item.fixed
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
