# SPDX-License-Identifier: Apache-2.0
"""Handlebars' own blocks, and sections on plain values (``{{#name}}…{{/name}}``), as closures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..values import UNDEFINED, own_keys, text, truthy
from .coercion import loosely_equal
from .paths import Get
from .scope import NULL_CONTEXT, Chain, Scope, this

# A section of a template: a text, or a number or boolean when that is all it prints.
Section = Callable[[Scope], Any]


def nothing(_scope: Scope) -> str:
    """The section that a block does not have."""
    return ""


def _around(scope: Scope, value: object) -> Chain | None:
    """The values around the inside of a block whose current value is ``value``."""
    around = scope.around
    if around is None:
        return None
    top = around[0] if around else UNDEFINED
    # A block whose value is (loosely) that of its surroundings adds no level for `../`.
    if value is top or (value is NULL_CONTEXT and top is None) or loosely_equal(value, top, scope.run):
        return around
    return (value, around)


def _inner(scope: Scope, value: object, entry: object, data: dict[str, Any] | None = None) -> Scope:
    params = scope.params
    return Scope(
        value,
        _around(scope, value),
        scope.data if data is None else data,
        None if params is None else (entry, params),
        scope.run,
    )


def _same(scope: Scope) -> Scope:
    """The scope inside of a block that leaves the current value as it is."""
    value = scope.value
    if scope.params is None and value is not None and value is not UNDEFINED:
        return scope
    return _inner(scope, this(scope), UNDEFINED)


def if_block(condition: Get, include_zero: Get | None, program: Section, inverse: Section) -> Section:
    """``{{#if}}``; with the sections swapped ``{{#unless}}``."""

    def run(scope: Scope) -> object:
        value = condition(scope)
        zero = include_zero is not None and truthy_in_javascript(include_zero(scope))
        taken = truthy(value) or (zero and _is_zero(value))
        return (program if taken else inverse)(_same(scope))

    return run


def truthy_in_javascript(value: object) -> bool:
    """Truth without the exception that Handlebars makes for empty arrays."""
    return isinstance(value, (list, tuple)) or truthy(value)


def _is_zero(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == 0


def with_block(found: Get, program: Section, inverse: Section) -> Section:
    """``{{#with}}``."""

    def run(scope: Scope) -> object:
        value = found(scope)
        if truthy(value) or _is_zero(value):
            return program(_inner(scope, value, [value]))
        return inverse(_same(scope))

    return run


def each_block(found: Get, program: Section, inverse: Section) -> Section:
    """``{{#each}}``."""

    def run(scope: Scope) -> object:
        value = found(scope)
        if isinstance(value, (list, tuple, dict)) and value:
            return _each(scope, value, program)
        return inverse(_same(scope))

    return run


def _each(scope: Scope, items: list[Any] | tuple[Any, ...] | dict[str, Any], program: Section) -> str:
    pairs: Iterator[tuple[object, Any]] = _members(items) if isinstance(items, dict) else enumerate(items)
    data = dict(scope.data)
    data["_parent"] = scope.data
    last = len(items) - 1
    scope.run.step(len(items))
    out: list[str] = []
    for index, (key, value) in enumerate(pairs):
        data["key"] = key
        data["index"] = index
        data["first"] = index == 0
        data["last"] = index == last
        out.append(text(program(_inner(scope, value, [value, key], data))))
    return "".join(out)


def _members(value: dict[str, Any]) -> Iterator[tuple[object, Any]]:
    return ((key, value[key]) for key in own_keys(value))


def section(found: Get, program: Section, inverse: Section) -> Section:
    """``{{#name}}`` of a value: a loop over an array, the inside of an object or other value, a condition."""

    def run(scope: Scope) -> object:
        value = found(scope)
        if value is True:
            return program(_inner(scope, scope.value, UNDEFINED))
        if isinstance(value, (list, tuple)) and value:
            return _each(scope, value, program)
        if value is None or value is UNDEFINED or value is False or isinstance(value, (list, tuple)):
            return inverse(_inner(scope, scope.value, UNDEFINED))
        # Block parameters get what Handlebars leaves in that place: those of the blocks around.
        return program(_inner(scope, value, _entries(scope.params)))

    return run


def _entries(params: Chain | None) -> list[object]:
    entries: list[object] = []
    while params:
        entries.append(params[0])
        params = params[1]
    return entries
