# SPDX-License-Identifier: Apache-2.0
"""Templates with data, made at random from the language of contract 6.12; the same seed makes the same ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from .judge import Case

NAMES = [
    *["a", "b", "c", "list", "users", "obj", "text", "html", "num", "zero", "yes", "no", "nil", "blank", "empty"],
    *["none", "emoji", "unit-tests", "a b", "é", "0", "10", "2", "x:y", "$", "_id", "mythis", "index", "key", "first"],
    *["name", "length", "json", "each", "if", "lookup", "path", "value", "constructor", "__proto__", "hasOwnProperty"],
]
SCALARS: list[Any] = [
    *[None, True, False, 0, 1, 2, -1, 12, 1.0, 0.5, -0.0, 0.1 + 0.2, 1e21, 1e-7, 123456.789, 2**53 + 1, 10**25],
    *[-3.5e-9, "", " ", "x", "abc", '<b a="1">&amp;</b>', "'`=", "line one\nline two\r\nthree", "  padded\t", "a😀b"],
    *["日本語", "é", "\ud83d", "true", "false", "0", "12", '{"k":1,"2":3,"1":2}', "[1,2]", "{bad", "\u2028", "nul\0l"],
    *["{{a}}", "\\"],
]
TEXTS = [
    *[
        "word",
        " two words ",
        "x",
        "é😀",
        "<p>",
        "&",
        '"quoted"',
        "'",
        "=",
        "{",
        "}",
        "}}",
        "{ {",
        "\\",
        "\\\\",
        "[",
        "]",
    ],
    *["\n", "\n", "\n", "\n  ", "  \n", " \n ", "\r\n", "\t", " ", "  ", "\n\n", "\u00a0", "\u2028\n", "\ufeff"],
    *["\x0b", "\x85"],
]
ONE_ARGUMENT = ["length", "upper", "lower", "trim", "json", "first_line", "keys"]


class Generator:
    """A stream of cases."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._blocks = 0
        self._params: list[str] = []

    def cases(self, count: int) -> Iterator[Case]:
        """So many cases."""
        for _number in range(count):
            self._params = []
            template = self._program(self._random.randint(1, 4))
            if self._chance(0.12):
                template = self._spoiled(template)
            yield Case(template, self._object(3, 0.7))

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _one(self, *options: Any) -> Any:
        return self._random.choice(options)

    # Data

    def _object(self, depth: int, share: float = 0.12) -> dict[str, Any]:
        names = [name for name in NAMES if self._chance(share)]
        self._random.shuffle(names)
        return {name: self._value(depth - 1) for name in names}

    def _value(self, depth: int) -> Any:
        if depth > 0 and self._chance(0.45):
            if self._chance(0.5):
                return [self._value(depth - 1) for _item in range(self._random.randint(0, 4))]
            return self._object(depth)
        return self._random.choice(SCALARS)

    # Text and tags

    def _program(self, depth: int) -> str:
        return "".join(self._node(depth) for _node in range(self._random.choice([0, 1, 1, 2, 2, 3, 4, 5])))

    def _node(self, depth: int) -> str:
        kind = self._random.random()
        if kind < 0.36:
            return "".join(self._random.choice(TEXTS) for _piece in range(self._random.randint(1, 3)))
        if kind < 0.66 or depth <= 0:
            return self._output()
        if kind < 0.72:
            return self._comment()
        if kind < 0.74:
            return self._one("\\{{a}}", "\\\\{{a}}", "\\\\\\{{a}}", "\\{{{a}}}", "\\{{#if a}}", "x\\{{b}} \\{{c}}")
        if kind < 0.77:
            return self._raw_block()
        return self._block(depth)

    def _tilde(self) -> str:
        return "~" if self._chance(0.12) else ""

    def _space(self) -> str:
        return self._random.choice(["", "", "", "", " ", "  ", "\n", "\t"])

    def _gap(self) -> str:
        return self._random.choice([" ", " ", " ", "  ", "\n", "\u00a0"])

    def _output(self) -> str:
        inside = f"{self._space()}{self._phrase()}{self._space()}"
        opening, closing = self._one(("", ""), ("", ""), ("", ""), ("{", "}"), ("{", "}"), ("&", ""))
        if closing == "" and inside.endswith("}"):
            inside += " "
        return f"{{{{{self._tilde()}{opening}{inside}{closing}{self._tilde()}}}}}"

    def _comment(self) -> str:
        before, after = self._tilde(), self._tilde()
        text = self._one("", " note ", "a\nb", "x }", "{{", "-", "else")
        long = f"{{{{{before}!--{text} {{{{a}}}} --{after}}}}}"
        short = f"{{{{{before}!{text}{after}}}}}"
        return str(self._one(short, long, f"\n{long}\n", f"\n  {{{{! {text} }}}}  \n"))

    def _raw_block(self) -> str:
        name = self._one("a", "yes", "users", "obj", "no", "if yes", "each list", "with obj", "upper text", "json obj")
        inside = self._one(
            "{{x}}", " plain ", "\n{{#if}}\n", "{{{{b}}}} n {{{{/b}}}}", "", "{{{x}}}", "}}}}", "\\{{x}}"
        )
        return f"{{{{{{{{{self._space()}{name}{self._space()}}}}}}}}}{inside}{{{{{{{{/{name.split()[0]}}}}}}}}}"

    # Blocks

    def _block(self, depth: int) -> str:
        kind = self._random.random()
        line = self._random.choice(["", "", "", "\n", "\n  ", " \n"])
        sign = "^" if self._chance(0.1) else "#"
        params: list[str] = []
        if kind < 0.28:
            name, rest = self._one("if", "if", "unless"), self._operand(2)
            if self._chance(0.15):
                rest += f" includeZero={self._operand(0)}"
        elif kind < 0.55:
            name, rest = "each", self._operand(1)
            params = self._names(["item", "at", "b"]) if self._chance(0.35) else []
        elif kind < 0.7:
            name, rest = "with", self._operand(1)
            params = self._names(["it", "a"]) if self._chance(0.35) else []
        elif kind < 0.93:
            name, rest = self._path(), ""
            params = self._names(["s", "item"]) if self._chance(0.08) else []
        else:
            name = self._one("lookup", "log", "upper", "json", "length", "default", '"a"', "true", "12", "missing")
            rest = " ".join(self._operand(1) for _argument in range(self._random.randint(0, 2)))
        bars = f" as |{' '.join(params)}|" if params else ""
        opening = f"{{{{{self._tilde()}{sign}{self._space()}{name} {rest}{bars}{self._space()}{self._tilde()}}}}}"
        body = self._inside(depth, params)
        links = self._random.choice([0, 0, 0, 1, 2]) if sign == "#" else 0
        chains = "".join(self._chain(depth) for _link in range(links))
        other = ""
        if self._chance(0.4):
            mark = self._one("else", "else", "^", " else ")
            other = f"{line}{{{{{self._tilde()}{mark}{self._tilde()}}}}}{line}{self._inside(depth, [])}"
        closing = f"{{{{{self._tilde()}/{self._space()}{name}{self._space()}{self._tilde()}}}}}"
        return f"{line}{opening}{line}{body}{chains}{other}{line}{closing}{line}"

    def _names(self, names: list[str]) -> list[str]:
        return names[: self._random.randint(1, len(names))]

    def _inside(self, depth: int, params: list[str]) -> str:
        self._blocks += 1
        self._params += params
        program = self._program(depth - 1)
        del self._params[len(self._params) - len(params) :]
        self._blocks -= 1
        return program

    def _chain(self, depth: int) -> str:
        name = self._one("if", "if", "unless", "each", "with", "")
        head = f"{name} {self._operand(1)}" if name else self._path()
        line = self._one("", "", "\n", " \n")
        return f"{line}{{{{{self._tilde()}else {head}{self._tilde()}}}}}{line}{self._inside(depth, [])}"

    # What stands in a tag

    def _phrase(self) -> str:
        if self._chance(0.72):
            return str(self._path())
        if self._chance(0.15):
            return str(self._one('"a"', "'a b'", "12", "true", "null", "undefined", '""', "-1", "1.5", "false"))
        return self._call(2)

    def _call(self, depth: int) -> str:
        gap = self._gap()
        kind = self._random.random()
        if kind < 0.5:
            call = f"{self._random.choice(ONE_ARGUMENT)}{gap}{self._operand(depth)}"
        elif kind < 0.68:
            call = f"default{gap}{self._operand(depth)} {self._operand(depth)}"
        elif kind < 0.86:
            call = f"lookup{gap}{self._operand(depth)} {self._operand(depth)}"
        elif kind < 0.94:
            call = f"{self._random.choice([*ONE_ARGUMENT, 'default', 'lookup', 'log'])}"
            call += "".join(f" {self._operand(0)}" for _argument in range(self._random.choice([0, 0, 2, 3])))
        else:
            call = f"{self._path()} {self._operand(0)}"
        return call + (f" {self._one('h', '[k k]')}={self._operand(0)}" if self._chance(0.06) else "")

    def _operand(self, depth: int) -> str:
        kind = self._random.random()
        if kind < 0.2 and depth > 0:
            return f"({self._space()}{self._call(depth - 1)}{self._space()})"
        if kind < 0.34:
            literals = [
                '"x"',
                "'it'",
                '"a \\" b"',
                "0",
                "1",
                "-2",
                "1.0",
                "3.25",
                "true",
                "false",
                "null",
                "undefined",
                '""',
            ]
            return self._random.choice(literals)
        return self._path()

    def _path(self) -> str:
        kind = self._random.random()
        if kind < 0.08:
            return str(
                self._one("this", ".", "..", "../..", "@root", "./a", "this/b", "this.c", "[]", "../this", "@key")
            )
        if kind < 0.2 and self._blocks:
            return str(
                self._one("@index", "@key", "@first", "@last", "@../index", "@../key", "@_parent.key", "@root.a")
            )
        if kind < 0.3 and self._params:
            return "".join([self._random.choice(self._params), *self._segments(0.3)])
        before = ""
        if self._chance(0.12):
            before = self._one("../", "../", "../../", "./", "this.", "this/", "@root.", "@root/", "../.././")
        return before + self._segment() + "".join(self._segments(0.3))

    def _segments(self, share: float) -> Iterator[str]:
        while self._chance(share):
            name = self._one(
                self._segment(), self._segment(), "length", "[0]", "1.a", "[1]", "[length]", "constructor", "k"
            )
            # Handlebars refuses an index at the end of a path unless it stands in brackets.
            yield self._one(".", ".", "/") + ("0" if self._chance(0.01) else name)

    def _segment(self) -> str:
        name = self._random.choice(NAMES)
        if " " in name or name.isdigit() or self._chance(0.06):
            return f"[{name}]"
        return name

    def _spoiled(self, template: str) -> str:
        """A template with a few characters changed."""
        characters = list(template)
        for _change in range(self._random.randint(1, 3)):
            place = self._random.randint(0, len(characters))
            mark = self._random.choice(
                ["{", "}", "{{", "}}", "~", "/", "#", "^", "!", "@", "(", ")", "[", "]", "|", "=", "\0"]
            )
            if self._chance(0.5):
                characters.insert(place, mark)
            elif characters:
                del characters[min(place, len(characters) - 1)]
        return "".join(characters)
