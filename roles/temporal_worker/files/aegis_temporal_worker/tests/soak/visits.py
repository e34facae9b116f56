# SPDX-License-Identifier: Apache-2.0
"""One visit of a state, as the ledger shows it: which work was begun in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

# The exit code of work that certainly or perhaps was not done (interpreter/kinds/exit_codes.py).
_NOT_RUN: Final = 125


@dataclass
class Visit:
    """From ``WorkflowStateEntered`` to ``WorkflowStateExited``; ``iterations`` of its agents so far."""

    state: str
    open: bool = True
    iterations: int = 0
    succeeded: bool = False
    begun: Counter[str] = field(default_factory=Counter)

    def begin(self, call: dict[str, Any]) -> list[str]:
        """Count a call; what is wrong about it."""
        request = call["request"]
        named = request.get("state_name") or request.get("env", {}).get("STATE") or self.state
        problems = [] if named == self.state else [f"work of {named} was begun in the state {self.state}"]
        what = " ".join(
            filter(None, (call["method"], request.get("name"), request.get("agent_id"), self._iteration(call)))
        )
        self.begun[what] += 1
        if self.begun[what] > 1:
            problems.append(f"{what} was begun {self.begun[what]} times in one visit of {self.state}")
        return problems

    def leave(self, output: dict[str, Any]) -> list[str]:
        """The end of the visit; what is wrong about it."""
        self.open = False
        self.succeeded = output.get("status") in {"success", "completed"}
        done, needed = self.begun.total(), _needed(output)
        return [f"{self.state} tells of {needed} pieces of work, but {done} were begun"] if done < needed else []

    def _iteration(self, call: dict[str, Any]) -> str:
        return f"iteration {self.iterations}" if call["method"] == "ExecuteAgent" and self.iterations else ""


def _needed(output: dict[str, Any]) -> int:
    """How many calls there must have been for this output."""
    if "succeeded" in output:
        return int(output["succeeded"])
    if "stdout" in output:
        return int(output["exit_code"] != _NOT_RUN)
    # An agent that ended; runs of children have iterations too, and tell their own work.
    return int(output.get("iterations", 0)) if output.get("status") == "completed" and "blackboard" not in output else 0
