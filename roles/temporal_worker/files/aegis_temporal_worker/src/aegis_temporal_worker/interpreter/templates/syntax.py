# SPDX-License-Identifier: Apache-2.0
"""The tree of a template."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InterpreterError


class TemplateError(InterpreterError):
    """A template cannot be understood or rendered; the text names the place."""


@dataclass(frozen=True, slots=True)
class Path:
    """A name such as ``STATE.output.stdout``; no parts means the current value (``this``)."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is copied as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Output:
    """``{{value}}`` or, not escaped, ``{{{value}}}`` and ``{{&value}}``."""

    value: Path
    escaped: bool


Node = Text | Output
Program = tuple[Node, ...]
