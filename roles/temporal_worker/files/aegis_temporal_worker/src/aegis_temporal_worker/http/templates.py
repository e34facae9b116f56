# SPDX-License-Identifier: Apache-2.0
"""Whether the templates of a definition parse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from aegis_temporal_worker.interpreter.templates import TemplateError, compile_template

# Fields that are rendered whenever the state runs: a template there that does not parse fails the state.
_RENDERED: Final = frozenset(
    {
        "input",
        "command",
        "env",
        "workdir",
        "args",
        "agents",
        "container_run_image",
        "container_run_command",
        "container_run_env",
        "container_run_workdir",
        "subworkflow_input",
    }
)
# Characters of one definition that are looked at: far more than a person writes, and compiled within a second or so.
_MOST_CHARACTERS: Final = 1024 * 1024


class Templates:
    """Checks the templates of one definition's states."""

    def __init__(self) -> None:
        self._left = _MOST_CHARACTERS

    def faults(self, state: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """What does not parse: in fields that are always rendered, and in others."""
        certain: list[str] = []
        possible: list[str] = []
        for name, value in state.items():
            # Feedback of transitions is rendered only when it is taken; no condition is a template.
            if name == "transitions":
                continue
            found = certain if name in _RENDERED else possible
            for text in _texts(value):
                self._check(name, text, found, possible)
        return certain, possible

    def _check(self, name: str, text: str, found: list[str], unchecked: list[str]) -> None:
        if "{{" not in text:
            return
        if len(text) > self._left:
            unchecked.append(f"{name} is too long to look at its templates")
            return
        self._left -= len(text)
        try:
            compile_template(text, escape=False)
        except TemplateError as error:
            found.append(f"{name}: {error}")


def _texts(value: Any) -> Iterator[str]:
    """All texts inside a value, without recursion: it may be nested as deeply as JSON can be."""
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            left.extend(item.values())
        elif isinstance(item, list):
            left.extend(item)
