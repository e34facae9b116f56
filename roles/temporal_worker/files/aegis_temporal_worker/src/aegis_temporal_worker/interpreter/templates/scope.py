# SPDX-License-Identifier: Apache-2.0
"""Where a template stands while it is rendered, and how much more it may do."""

from __future__ import annotations

from typing import Any, Final

from ..values import UNDEFINED
from .syntax import TemplateError

# Characters of one rendered text: far above the 2 MB that Temporal and the orchestrator accept.
MOST_CHARACTERS: Final = 8_000_000
# Steps of one rendering: nodes, names, items of loops. Well below a second's worth, so that a workflow task with a
# hostile template in it still ends in time; counted, never timed, so that each replay ends at the same place.
MOST_STEPS: Final = 500_000
# A step for so many characters that a comparison or a place in a text reads.
CHARACTERS_PER_STEP: Final = 16


class Run:
    """What is left of the limits of one rendering."""

    __slots__ = ("characters", "steps")

    def __init__(self) -> None:
        self.characters = MOST_CHARACTERS
        self.steps = MOST_STEPS

    def step(self, count: int) -> None:
        """Use up steps. Raises ``TemplateError`` when none are left."""
        self.steps -= count
        if self.steps < 0:
            raise TemplateError(f"The template takes more than {MOST_STEPS} steps")

    def write(self, count: int) -> None:
        """Use up characters. Raises ``TemplateError`` when none are left."""
        self.characters -= count
        if self.characters < 0:
            raise TemplateError(f"The rendered text is longer than {MOST_CHARACTERS} characters")


# A value and those around it: the current one is first. The same for what blocks give to their block parameters.
Chain = tuple[Any, ...]


class Scope:
    """The current value, those around it (None when the template never asks), ``@`` data, block parameters."""

    __slots__ = ("around", "data", "params", "run", "value")

    def __init__(
        self, value: object, around: Chain | None, data: dict[str, Any], params: Chain | None, run: Run
    ) -> None:
        self.value = value
        self.around = around
        self.data = data
        self.params = params
        self.run = run


# What JavaScript calls `this` where the current value is null.
NULL_CONTEXT: Final[dict[str, Any]] = {}


def this(scope: Scope) -> object:
    """The current value as helpers get it."""
    value = scope.value
    return NULL_CONTEXT if value is None or value is UNDEFINED else value
