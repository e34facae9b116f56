# SPDX-License-Identifier: Apache-2.0
"""Paths to closures that give their value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..values import UNDEFINED
from .coercion import falsy
from .lookup import member
from .scope import Scope
from .syntax import Path, TemplateError

Get = Callable[[Scope], Any]


class Names:
    """Block parameters in sight, innermost program first, and what the template needs to be rendered."""

    def __init__(self) -> None:
        self._blocks: list[tuple[str, ...]] = []
        # How many of the blocks have any.
        self.named = 0
        self.parents = False
        self.params = False

    def enter(self, names: tuple[str, ...]) -> None:
        """Begin a program with these block parameters."""
        self._blocks.append(names)
        self.named += bool(names)

    def leave(self) -> None:
        """End the program that was begun last."""
        self.named -= bool(self._blocks.pop())

    def index(self, name: str) -> tuple[int, int] | None:
        """Which block, counted from the innermost, and which of its parameters has this name."""
        if self.named:
            for depth, names in enumerate(reversed(self._blocks)):
                if name in names:
                    return depth, names.index(name)
        return None


def path_value(path: Path, names: Names, *, stop_at_falsy: bool = False) -> Get:
    """The closure for a path.

    A path ends early at null or undefined; with ``stop_at_falsy``, and for ``@`` data, at anything false.
    """
    parts = path.parts
    if names.named and parts and not path.depth:
        found = names.index(parts[0])
        if found is not None and not path.scoped:
            names.params = True
            return _follow(_block_param(*found), parts[1:])
    if path.depth:
        names.parents = True
    if not parts or not parts[0]:
        return _parent(path.depth) if path.depth else _current
    if path.data:
        return _follow_truthy(_data(path.depth), parts)
    start = _parent(path.depth) if path.depth else None
    if stop_at_falsy:
        return _follow_truthy(start or _current, parts)
    return _follow(start, parts) if start else _from_current(parts)


def _current(scope: Scope) -> object:
    return scope.value


def _parent(depth: int) -> Get:
    def get(scope: Scope) -> object:
        around = scope.around
        for _level in range(depth):
            if not around:
                return UNDEFINED
            around = around[1]
        return around[0] if around else UNDEFINED

    return get


def _data(depth: int) -> Get:
    def get(scope: Scope) -> object:
        data: Any = scope.data
        for _level in range(depth):
            if data is UNDEFINED:
                break
            data = data.get("_parent", UNDEFINED)
        return data

    return get


def _block_param(depth: int, index: int) -> Get:
    def get(scope: Scope) -> object:
        params: Any = scope.params
        for _level in range(depth):
            params = params[1]
        entry = params[0]
        if entry is UNDEFINED:
            raise TemplateError("The block gives no value for the name after 'as'")
        return entry[index] if index < len(entry) else UNDEFINED

    return get


def _from_current(parts: tuple[str, ...]) -> Get:
    # The most frequent case by far: worth its own copy of _follow.
    def get(scope: Scope) -> object:
        value = scope.value
        for part in parts:
            if value.__class__ is dict:
                value = value.get(part, UNDEFINED)
            elif value is None or value is UNDEFINED:
                return value
            else:
                value = member(value, part, scope.run)
        return value

    return get


def _follow(start: Get, parts: tuple[str, ...]) -> Get:
    def get(scope: Scope) -> object:
        value = start(scope)
        for part in parts:
            if value is None or value is UNDEFINED:
                return value
            value = member(value, part, scope.run)
        return value

    return get


def _follow_truthy(start: Get, parts: tuple[str, ...]) -> Get:
    def get(scope: Scope) -> object:
        value = start(scope)
        for part in parts:
            if falsy(value):
                return value
            value = member(value, part, scope.run)
        return value

    return get


def is_block_param(path: Path, names: Names) -> bool:
    """Whether the path is nothing but the name of a block parameter."""
    return names.named > 0 and len(path.parts) == 1 and names.index(path.parts[0]) is not None and path.simple
