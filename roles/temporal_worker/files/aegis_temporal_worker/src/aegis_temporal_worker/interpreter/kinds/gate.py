# SPDX-License-Identifier: Apache-2.0
"""Which words a Human state takes (contract 6.10; contract 1.2, D2.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..conditions import CONDITIONS, Facts
from ..definition import State, Transition, as_text
from ..values import json_text

# The word that stands for a condition; input_equals has its own.
_WORDS: Final[Mapping[str, str | None]] = {"input_equals": None, "input_equals_yes": "yes", "input_equals_no": "no"}
# So much of a refused word is repeated to the person.
_MOST_REPEATED: Final = 100


@dataclass(frozen=True, slots=True)
class Gate:
    """What a Human state takes. ``words`` are what people are offered; without words it takes everything."""

    words: tuple[str, ...]
    _transitions: tuple[Transition, ...]

    @classmethod
    def of(cls, state: State) -> Gate:
        """The gate of a state. Any condition beside the ``input_equals`` family makes it take everything."""
        transitions = state.transitions
        if any(transition.condition not in _WORDS for transition in transitions):
            return cls((), transitions)
        offered = (_WORDS[item.condition] or as_text(item.rule.get("value")) for item in transitions)
        return cls(tuple(dict.fromkeys(word for word in offered if word is not None)), transitions)

    def takes(self, response: str) -> bool:
        """Whether some transition matches the response, synonyms included."""
        facts = Facts({"response": response}, {})
        return not self.words or any(CONDITIONS[item.condition](facts, item) for item in self._transitions)

    def refusal(self, response: str) -> str:
        """One line that names the refused word and the words to choose from."""
        offered = ", ".join(json_text(word) for word in self.words)
        return f"{json_text(response[:_MOST_REPEATED])} is not an answer here. Answer with one of: {offered}."
