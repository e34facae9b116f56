# SPDX-License-Identifier: Apache-2.0
"""Templates and expressions ready to be used, kept in caches by their text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from ..errors import InterpreterError
from ..values import UNDEFINED, text, truthy
from .compiler import Compiled, compile_program
from .infix import Infix
from .lexer import TagError, shorten
from .operands import cost, value_of
from .parser import parse
from .paths import Get, Names
from .scope import Run, Scope
from .syntax import TemplateError

# Templates kept compiled in one process: a few hundred definitions of a few states.
_CACHED: Final = 4096
# Characters of a template that is kept.
_LONGEST_CACHED: Final = 65_536
# Characters of an expression: they come from definitions, one to a transition.
_LONGEST_EXPRESSION: Final = 65_536
_HALVES: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class Template:
    """A compiled template."""

    __slots__ = ("_compiled",)

    def __init__(self, compiled: Compiled) -> None:
        self._compiled = compiled

    def render(self, names: Mapping[str, Any]) -> str:
        """The text for these names.

        Raises ``TemplateError`` when a helper refuses its arguments or is unknown, and when the text would be longer
        or take more steps than is allowed.
        """
        compiled = self._compiled
        try:
            rendered = text(compiled.run(_root(names, parents=compiled.parents, params=compiled.params)))
        except TemplateError:
            raise
        except InterpreterError as error:
            raise TemplateError(str(error)) from None
        return rendered if rendered.isascii() else _HALVES.sub(_joined, rendered)


class Expression:
    """A compiled expression, see ``infix``."""

    __slots__ = ("_get", "_steps")

    def __init__(self, get: Get, steps: int) -> None:
        self._get = get
        self._steps = steps

    def value(self, names: Mapping[str, Any]) -> object:
        """The value for these names, None when it is missing.

        Raises ``TemplateError`` as ``Template.render`` does.
        """
        scope = _root(names, parents=True, params=False)
        try:
            scope.run.step(self._steps)
            value = self._get(scope)
        except TemplateError:
            raise
        except InterpreterError as error:
            raise TemplateError(str(error)) from None
        return None if value is UNDEFINED else value

    def holds(self, names: Mapping[str, Any]) -> bool:
        """Whether the value counts as true in ``{{#if}}``. Raises as ``value`` does."""
        return truthy(self.value(names))


def compile_template(source: str, *, escape: bool) -> Template:
    """The compiled template; ``escape`` False makes double braces print as triple braces do.

    Raises ``TemplateError`` for text that is no template.
    """
    # Text without tags is compiled in no time, and there may be no end of it; long text would fill the memory.
    if "{{" not in source or len(source) > _LONGEST_CACHED:
        return _compile(source, escape=escape)
    return _compile_once(source, escape=escape)


def _compile(source: str, *, escape: bool) -> Template:
    return Template(compile_program(parse(source), escape=escape))


_compile_once = lru_cache(maxsize=_CACHED)(_compile)


@lru_cache(maxsize=_CACHED)
def compile_expression(source: str) -> Expression:
    """The compiled expression of a ``custom`` condition.

    Raises ``TemplateError`` for text that is none.
    """
    if len(source) > _LONGEST_EXPRESSION:
        raise TemplateError(f"An expression of more than {_LONGEST_EXPRESSION} characters")
    try:
        operand = Infix(source).whole()
    except TagError as error:
        raise TemplateError(f"Error in the expression {shorten(source)!r}: {error}") from None
    return Expression(value_of(operand, Names()), cost(operand))


def _root(names: Mapping[str, Any], *, parents: bool, params: bool) -> Scope:
    # Objects are dicts and nothing else, see lookup.member.
    root: object = dict(names) if isinstance(names, Mapping) and not isinstance(names, dict) else names
    return Scope(root, (root, ()) if parents else None, {"root": root}, () if params else None, Run())


def _joined(halves: re.Match[str]) -> str:
    # Two units of a text, printed one after the other, are one character again.
    return halves[0].encode("utf-16-le", "surrogatepass").decode("utf-16-le")
