# SPDX-License-Identifier: Apache-2.0
"""What stands in one tag: names, literals, calls in parentheses, hash arguments, names after ``as``."""

from __future__ import annotations

from typing import Final

from ..values import UNDEFINED, text
from .lexer import TagError, Token, tokens
from .syntax import Call, Literal, Operand, Path

# Parentheses and blocks within each other. Far above what people write; recursion stays far from Python's limit.
MOST_NESTED: Final = 100
CONSTANTS: Final[dict[str, object]] = {"true": True, "false": False, "null": None, "undefined": UNDEFINED}
# Longer digits are read as a float, which Python does for any length.
_MOST_DIGITS: Final = 15

# What a closing tag must repeat: a path or string as written, or the type and text of another literal.
Original = str | tuple[str, str]


class Phrase:
    """A reader of the tokens of one tag."""

    __slots__ = ("_depth", "_next", "_tokens", "end")

    def __init__(self, source: str, position: int) -> None:
        """Read the tag whose inside begins at ``position``; ``end`` is the position after its closing braces.

        Raises ``TagError`` as ``lexer.tokens`` does.
        """
        self._tokens, self.end = tokens(source, position)
        self._next = 0
        self._depth = 0

    def head(self) -> tuple[Call, Original]:
        """A whole call without parentheses, and what a closing tag must repeat.

        Raises ``TagError`` when it is none.
        """
        name = self._operand()
        path, original = _as_path(name)
        return self._rest(path), original

    def name(self) -> Original:
        """Only a name, as a closing tag has it.

        Raises ``TagError`` when it is none.
        """
        return _as_path(self._operand())[1]

    def single(self) -> Path | Literal:
        """Only one name or literal.

        Raises ``TagError`` when it is anything else.
        """
        operand = self._operand()
        self._take("CLOSE")
        return operand

    def close(self, kind: str) -> bool:
        """End the tag: whether ``~`` stands before its closing braces.

        Raises ``TagError`` when anything else comes first, or other braces close it.
        """
        token = self._take(kind)
        return "~" in token.text

    def block_names(self) -> tuple[str, ...]:
        """The names between the bars of ``as |a b|``; none when there is no such part."""
        if self._peek().kind != "OPEN_NAMES":
            return ()
        self._next += 1
        names = [self._block_name()]
        while self._peek().kind == "ID":
            names.append(self._block_name())
        self._take("CLOSE_NAMES")
        if names[0].startswith("[") and names[-1].endswith("]"):
            raise TagError("a name after 'as' cannot stand in brackets")
        return tuple(names)

    def _block_name(self) -> str:
        # Handlebars keeps the brackets here, so that nothing can have such a name.
        token = self._take("ID")
        return f"[{token.text}]" if token.literal else token.text

    def _rest(self, path: Path, *, nested: bool = False) -> Call:
        params: list[Operand] = []
        while self._peek().kind in _BEGINS_OPERAND and not self._at_hash():
            params.append(self._param())
        pairs: dict[str, Operand] = {}
        while self._at_hash():
            key = self._take("ID").text
            self._next += 1
            value = self._param()
            # Of two equal keys Handlebars keeps the first.
            pairs.setdefault(key, value)
        return Call(path, tuple(params), tuple(pairs.items()), nested)

    def _at_hash(self) -> bool:
        return self._peek().kind == "ID" and self._tokens[self._next + 1].kind == "EQUALS"

    def _param(self) -> Operand:
        if self._peek().kind != "OPEN_CALL":
            return self._operand()
        self._next += 1
        self._depth += 1
        if self._depth > MOST_NESTED:
            raise TagError(f"more than {MOST_NESTED} parentheses within each other")
        path, _original = _as_path(self._operand())
        call = self._rest(path, nested=True)
        self._take("CLOSE_CALL")
        self._depth -= 1
        return call

    def _operand(self) -> Path | Literal:
        token = self._peek()
        self._next += 1
        match token.kind:
            case "ID":
                return self._path(token, data=False)
            case "STRING":
                return Literal(token.text)
            case "NUMBER":
                return Literal(number(token.text))
            case "CONSTANT":
                return Literal(CONSTANTS[token.text])
            case "DATA":
                return self._path(self._take("ID"), data=True)
        raise _unexpected(token)

    def _path(self, token: Token, *, data: bool) -> Path:
        parts: list[str] = []
        original = "@" if data else ""
        depth = 0
        while True:
            original += token.text
            if token.literal or token.text not in (".", "..", "this"):
                parts.append(token.text)
            elif parts:
                raise TagError(f"{token.text!r} may only begin a path")
            elif token.text == "..":
                depth += 1
            if self._peek().kind != "SEPARATOR":
                return Path(tuple(parts), depth, data, original)
            original += self._take("SEPARATOR").text
            token = self._segment()

    def _segment(self) -> Token:
        token = self._peek()
        if token.kind == "INDEX":
            names: list[Token] = []
            for part in token.text.split("."):
                names += [Token("SEPARATOR", "."), Token("ID", part)]
            self._tokens[self._next : self._next + 1] = names[1:]
        return self._take("ID")

    def _peek(self) -> Token:
        # The closing braces, which nothing steps over, are always last.
        return self._tokens[self._next]

    def _take(self, kind: str) -> Token:
        token = self._peek()
        if token.kind != kind:
            raise _unexpected(token)
        self._next += token.kind not in ("CLOSE", "CLOSE_UNESCAPED", "CLOSE_RAW")
        return token


_BEGINS_OPERAND: Final = frozenset({"ID", "STRING", "NUMBER", "CONSTANT", "DATA", "OPEN_CALL"})


def number(digits: str) -> float:
    """The number written as ``digits``."""
    return int(digits) if len(digits) <= _MOST_DIGITS and "." not in digits else float(digits)


def _as_path(operand: Path | Literal) -> tuple[Path, Original]:
    # In the first place of a tag a literal is a name: {{"a b"}} prints the value of that key.
    if isinstance(operand, Path):
        return operand, operand.original
    value = operand.value
    if isinstance(value, str):
        return Path((value,), original=value), value
    name = "null" if value is None else "undefined" if value is UNDEFINED else text(value)
    kind = "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__
    return Path((name,), original=name), (kind, name)


def _unexpected(token: Token) -> TagError:
    if not token.text.strip("~}"):
        return TagError(f"the tag ends too early, or not with {token.text!r}")
    return TagError(f"{token.text!r} cannot stand here")


def parse_path(expression: str) -> Path:
    """The path written as ``expression``, from the current value on.

    Raises ``TemplateError`` when it is anything but one such path.
    """
    path = Phrase(expression + "}}", 0).single()
    if not isinstance(path, Path) or path.depth or path.data:
        raise TagError(f"{expression[:60]!r} is no path")
    return path
