# SPDX-License-Identifier: Apache-2.0
"""Names, literals and calls to closures that give their value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ..values import UNDEFINED
from .coercion import falsy, printed
from .helpers import BUILT_IN, HELPERS
from .lookup import member
from .operators import negation, operation
from .paths import Get, Names, is_block_param, path_value
from .scope import Run, Scope
from .syntax import Call, Literal, Negation, Operand, Operation, Path, TemplateError

# Handlebars keeps these two for itself; whoever names them gets an error.
_HOOKS: Final = frozenset({"helperMissing", "blockHelperMissing"})
# Names that alone in a tag need not mean a value.
_KNOWN: Final = BUILT_IN | HELPERS.keys() | _HOOKS
_PARTS_PER_STEP: Final = 8


def cost(operand: Operand) -> int:
    """Steps to take for the value."""
    if isinstance(operand, Call):
        if operand.params or operand.hash:
            values = [value for _name, value in operand.hash]
            return sum(map(cost, [operand.path, *operand.params, *values]))
        operand = operand.path
    if isinstance(operand, Path):
        return 1 + (len(operand.parts) + operand.depth) // _PARTS_PER_STEP
    if isinstance(operand, Operation):
        return 1 + cost(operand.left) + cost(operand.right)
    return 1 + cost(operand.operand) if isinstance(operand, Negation) else 1


def value_of(operand: Operand, names: Names) -> Get:
    """The closure for an argument."""
    match operand:
        case Path():
            return path_value(operand, names)
        case Literal():
            value = operand.value
            return lambda _scope: value
        case Call():
            return call_value(operand, names)
        case Operation():
            return operation(operand.operator, value_of(operand.left, names), value_of(operand.right, names))
        case Negation():
            return negation(value_of(operand.operand, names))


def calls(call: Call, names: Names) -> bool:
    """Whether the call can only mean a helper."""
    if is_block_param(call.path, names):
        return False
    if call.nested or call.params or call.hash:
        return True
    return call.path.simple and (call.path.parts[0] in BUILT_IN or call.path.parts[0] in _HOOKS)


def call_value(call: Call, names: Names) -> Get:
    """The closure for what a tag or parentheses hold: a helper's result, or a plain value."""
    path = call.path
    parts = path.parts
    if not (call.params or call.hash or call.nested) and (len(parts) != 1 or parts[0] not in _KNOWN):
        return path_value(path, names)
    name = parts[0] if parts else ""
    if not calls(call, names):
        if path.simple and name in HELPERS and not is_block_param(path, names):
            return helper_value(name, [])
        return path_value(path, names)
    params = [value_of(param, names) for param in call.params]
    # Only the helpers of Handlebars itself read hash arguments; the others' are evaluated for their errors.
    pairs = [value_of(value, names) for _name, value in call.hash]
    if name in BUILT_IN or name in _HOOKS:
        return _evaluated(pairs, _built_in_value(name, params))
    if path.simple and name in HELPERS:
        return _evaluated(pairs, helper_value(name, params))
    missing = _missing(path, path_value(path, names, stop_at_falsy=True), arguments=bool(params))
    return _evaluated([*params, *pairs], missing)


def _evaluated(before: Sequence[Get], get: Get) -> Get:
    if not before:
        return get

    def both(scope: Scope) -> object:
        for other in before:
            other(scope)
        return get(scope)

    return both


def _missing(path: Path, get: Get, *, arguments: bool) -> Get:
    def fail(scope: Scope) -> object:
        if not falsy(get(scope)):
            raise TemplateError(f"{path.original!r} is called like a helper but is a value")
        if arguments:
            raise TemplateError(f"Missing helper: {path.original!r}")
        return UNDEFINED

    return fail


def helper_value(name: str, params: Sequence[Get]) -> Get:
    """The closure for a call of one of the helpers that AEGIS adds. Surplus arguments are only evaluated."""
    helper, count, characters_per_step = HELPERS[name]
    wanted, surplus = params[:count], params[count:]

    def call(scope: Scope) -> object:
        # No comprehension: it would take a frame more for each of the calls within each other.
        arguments: list[Any] = []
        for get in wanted:
            argument = get(scope)
            arguments.append(argument)
            if argument.__class__ is str:
                scope.run.step(len(argument) // characters_per_step)
        while len(arguments) < count:
            arguments.append(UNDEFINED)
        value = helper(*arguments)
        if value.__class__ is str:
            scope.run.step(len(value) // characters_per_step)
        return value

    return _evaluated(surplus, call)


def _built_in_value(name: str, params: Sequence[Get]) -> Get:
    if name == "lookup" and params:
        return _lookup(params)
    if name == "log":
        # A log line would differ from replay to replay; the arguments are evaluated for their errors.
        return _evaluated(params, lambda _scope: UNDEFINED)

    def fail(_scope: Scope) -> object:
        raise TemplateError(f"The helper {name!r} cannot be used like this")

    return fail


def _lookup(params: Sequence[Get]) -> Get:
    def get(scope: Scope) -> object:
        found, *keys = [param(scope) for param in params]
        if falsy(found):
            return found
        if len(keys) != 1:
            raise TemplateError("lookup needs a value and a name")
        return member(found, property_name(keys[0], scope.run), scope.run)

    return get


def property_name(key: object, run: Run) -> str:
    """A value as JavaScript uses it between brackets."""
    if key is None or key is UNDEFINED:
        return "null" if key is None else "undefined"
    return printed(key, run)
