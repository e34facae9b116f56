# SPDX-License-Identifier: Apache-2.0
"""Tree to closures, kept in a cache by text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from ..values import text
from .lookup import resolve
from .parser import parse
from .syntax import Node, Output, TemplateError, Text

# Templates kept compiled in one process: a few hundred definitions of a few states.
_CACHED: Final = 4096
# Characters of one rendered text: far above the 2 MB that Temporal and the orchestrator accept.
_MOST_CHARACTERS: Final = 8_000_000

# The seven characters and their spelling in Handlebars 4.
_ESCAPES: Final = str.maketrans(
    {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "'": "&#x27;",
        "`": "&#x60;",
        "=": "&#x3D;",
    }
)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a template stands: the current value."""

    value: object


Emit = Callable[[Scope, list[str]], None]


class Template:
    """A compiled template."""

    __slots__ = ("_emitters",)

    def __init__(self, emitters: tuple[Emit, ...]) -> None:
        self._emitters = emitters

    def render(self, names: Mapping[str, Any]) -> str:
        """The text for these names.

        Raises ``TemplateError`` when it would be longer than any receiver accepts.
        """
        scope = Scope(names)
        out: list[str] = []
        for emit in self._emitters:
            emit(scope, out)
        if sum(map(len, out)) > _MOST_CHARACTERS:
            raise TemplateError(f"The rendered text is longer than {_MOST_CHARACTERS} characters")
        return "".join(out)


@lru_cache(maxsize=_CACHED)
def compile_template(source: str, *, escape: bool) -> Template:
    """The compiled template; ``escape`` False makes double braces print as triple braces do.

    Raises ``TemplateError`` for text that is no template.
    """
    return Template(tuple(_emitter(node, escape=escape) for node in parse(source)))


def _emitter(node: Node, *, escape: bool) -> Emit:
    match node:
        case Text(fixed):
            return lambda _scope, out: out.append(fixed)
        case Output(path, escaped):
            parts = path.parts
            if escape and escaped:
                return lambda scope, out: out.append(text(resolve(scope.value, parts)).translate(_ESCAPES))
            return lambda scope, out: out.append(text(resolve(scope.value, parts)))
