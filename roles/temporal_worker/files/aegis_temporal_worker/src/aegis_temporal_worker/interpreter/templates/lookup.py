# SPDX-License-Identifier: Apache-2.0
"""Names to values: own members of JSON values only, never attributes of Python objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..values import utf16_length

# An array index as JavaScript writes it: no sign, no leading zero.
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


class Overlay(dict[str, Any]):
    """An object whose missing members are looked up in another one; printed, it shows its own members only."""

    __slots__ = ("fallback",)

    def __init__(self, own: Mapping[str, Any], fallback: Mapping[str, Any]) -> None:
        super().__init__(own)
        self.fallback = fallback


def member(value: object, name: str) -> object:
    """The own member ``name`` of an object, array or text, or None."""
    if isinstance(value, dict):
        if name in value:
            return value[name]
        return value.fallback.get(name) if isinstance(value, Overlay) else None
    if isinstance(value, (list, tuple, str)):
        if name == "length":
            return utf16_length(value) if isinstance(value, str) else len(value)
        if _INDEX.fullmatch(name) and int(name) < len(value):
            return value[int(name)]
    return None


def resolve(value: object, parts: tuple[str, ...]) -> object:
    """Follow ``parts`` from ``value``; None as soon as one is missing."""
    for part in parts:
        value = member(value, part)
        if value is None:
            return None
    return value
