# SPDX-License-Identifier: Apache-2.0
"""Names to values: own members of JSON values only, never attributes of Python objects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ..values import UNDEFINED, utf16_length, utf16_unit
from .scope import CHARACTERS_PER_STEP, Run

# An array index as JavaScript writes it: no sign, no leading zero.
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


class Overlay(dict[str, Any]):
    """An object whose missing members are looked up in another one; printed, it shows its own members only."""

    __slots__ = ("fallback",)

    def __init__(self, own: Mapping[str, Any], fallback: Mapping[str, Any]) -> None:
        super().__init__(own)
        self.fallback = fallback


def member(value: object, name: str, run: Run | None = None) -> object:
    """The own member ``name`` of an object, array or text, or ``UNDEFINED``.

    Long text that is not ASCII takes steps of ``run``, because it is read from its beginning.
    """
    if isinstance(value, dict):
        if name in value:
            return value[name]
        return value.fallback.get(name, UNDEFINED) if isinstance(value, Overlay) else UNDEFINED
    if not isinstance(value, (str, list, tuple)):
        return UNDEFINED
    if run is not None and isinstance(value, str) and not value.isascii():
        run.step(len(value) // CHARACTERS_PER_STEP)
    if name == "length":
        return utf16_length(value) if isinstance(value, str) else len(value)
    index = int(name) if _INDEX.fullmatch(name) else None
    if isinstance(value, str):
        unit = None if index is None else utf16_unit(value, index)
        return UNDEFINED if unit is None else unit
    return value[index] if index is not None and index < len(value) else UNDEFINED


def resolve(value: object, parts: tuple[str, ...]) -> object:
    """Follow ``parts`` from ``value``; None as soon as one is missing."""
    for part in parts:
        value = member(value, part)
        if value is None or value is UNDEFINED:
            return None
    return value
