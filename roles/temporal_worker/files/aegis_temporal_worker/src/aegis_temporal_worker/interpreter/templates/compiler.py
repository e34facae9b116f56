# SPDX-License-Identifier: Apache-2.0
"""Tree to closures."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from ..values import UNDEFINED
from .blocks import Section, each_block, if_block, nothing, section, with_block
from .coercion import printed
from .helpers import HELPERS
from .operands import call_value, calls, cost, value_of
from .paths import Get, Names
from .programs import Item, join
from .scope import Scope
from .syntax import Block, Call, Operand, Output, Program, TemplateError, Text

_SECTIONS: Final = frozenset({"if", "unless", "each", "with"})
_SPECIAL: Final = re.compile(r"""[&<>"'`=]""")
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


class Compiled(NamedTuple):
    """A template's closure and what its scopes need."""

    run: Section
    parents: bool
    params: bool


def compile_program(program: Program, *, escape: bool) -> Compiled:
    """The closure for a whole template."""
    compiler = _Compiler(escape=escape)
    run, _text = compiler.program(program)
    return Compiled(run, compiler.names.parents, compiler.names.params)


class _Compiler:
    __slots__ = ("_escape", "names")

    def __init__(self, *, escape: bool) -> None:
        self._escape = escape
        self.names = Names()

    def program(self, program: Program | None) -> tuple[Section, bool]:
        """The closure for a program, and whether it always gives text."""
        if program is None:
            return nothing, True
        self.names.enter(program.names)
        items: list[str | Item] = []
        for node in program.body:
            if isinstance(node, Text):
                if node.value:
                    items.append(node.value)
            elif isinstance(node, Output):
                items.append(self._output(node))
            elif isinstance(node, Block):
                items.append(self._block(node))
        self.names.leave()
        return join(items, lone=len(program.body) == 1)

    def _output(self, node: Output) -> Item:
        value = node.value
        get = call_value(value, self.names) if isinstance(value, Call) else value_of(value, self.names)
        steps = 1 + cost(value)
        if not self._escape:
            return Item(_plain(get), True, steps)
        if node.escaped:
            return Item(_escaped(get), True, steps)
        return Item(_no_gap(_raw(get)), False, steps)

    def _block(self, node: Block) -> Item:
        call = node.call
        program, program_text = self.program(node.program)
        inverse, inverse_text = self.program(node.inverse)
        both_text = program_text and inverse_text
        steps = 1 + cost(call)
        name = call.path.parts[0] if call.path.parts else ""
        if not calls(call, self.names):
            found = call_value(call, self.names)
            statement = call.path.simple and self.names.index(name) is None
            if statement and name in HELPERS:
                return self._value_block(found, steps, statement=True)
            return Item(section(found, program, inverse), both_text, steps, statement=statement)
        if name not in _SECTIONS:
            return self._value_block(call_value(call, self.names), steps)
        if len(call.params) != 1:
            return Item(_fails(f"{name!r} needs exactly one argument"), True, steps)
        run = self._sections(name, call, program, inverse)
        return Item(run, inverse_text if name == "each" else both_text, steps)

    def _sections(self, name: str, call: Call, program: Section, inverse: Section) -> Section:
        found = self._argument(call, call.params[0])
        if name == "each":
            return each_block(found, program, inverse)
        if name == "with":
            return with_block(found, program, inverse)
        include_zero = dict(call.hash).get("includeZero") if call.hash else None
        zero = None if include_zero is None else value_of(include_zero, self.names)
        if name == "unless":
            return if_block(found, zero, inverse, program)
        return if_block(found, zero, program, inverse)

    def _value_block(self, found: Get, steps: int, *, statement: bool = False) -> Item:
        """A block on a helper that takes no sections: its result, not escaped."""
        if not self._escape:
            return Item(_plain(found), True, steps, statement=statement)
        run = _raw(found) if statement else _no_gap(_raw(found))
        return Item(run, False, steps, statement=statement)

    def _argument(self, call: Call, param: Operand) -> Get:
        found = value_of(param, self.names)
        if not call.hash:
            return found
        others = [value_of(value, self.names) for key, value in call.hash if key != "includeZero"]

        def all_of_them(scope: Scope) -> object:
            value = found(scope)
            for other in others:
                other(scope)
            return value

        return all_of_them


def _plain(get: Get) -> Section:
    def run(scope: Scope) -> str:
        value = printed(get(scope), scope.run)
        scope.run.write(len(value))
        return value

    return run


def _escaped(get: Get) -> Section:
    def run(scope: Scope) -> str:
        value = printed(get(scope), scope.run)
        if _SPECIAL.search(value):
            value = value.translate(_ESCAPES)
        scope.run.write(len(value))
        return value

    return run


def _raw(get: Get) -> Section:
    """What is printed without escaping; ``UNDEFINED`` for nothing, and numbers stay numbers."""

    def run(scope: Scope) -> object:
        value = get(scope)
        if value is None or value is UNDEFINED:
            return UNDEFINED
        if isinstance(value, (int, float)):
            return value
        shown = printed(value, scope.run)
        scope.run.write(len(shown))
        return shown

    return run


def _no_gap(run: Section) -> Section:
    def filled(scope: Scope) -> object:
        value = run(scope)
        return "" if value is UNDEFINED else value

    return filled


def _fails(message: str) -> Section:
    def run(_scope: Scope) -> object:
        raise TemplateError(message)

    return run
