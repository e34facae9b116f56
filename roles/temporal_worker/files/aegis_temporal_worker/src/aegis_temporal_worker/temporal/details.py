# SPDX-License-Identifier: Apache-2.0
"""What Temporal's UI shows of a run, also when it has ended (the workflow's current details; they cost no history)."""

from __future__ import annotations

from collections.abc import Mapping

from temporalio import workflow


class Details:
    """Where the run is: state, visits by state, and what it waits for."""

    def __init__(self) -> None:
        self._state = ""
        self._wait: str | None = None

    @property
    def waiting_for(self) -> str | None:
        """What the run waits for, or None."""
        return self._wait

    def entered(self, state_name: str, iterations: int, visits: Mapping[str, int]) -> None:
        """A state was entered."""
        counted = "\n".join(f"- {name}: {count}" for name, count in visits.items())
        self._state = f"State **{state_name}**, transition {iterations}\n\nVisits by state:\n\n{counted}"
        self._show()

    def waiting(self, description: str | None) -> None:
        """The run waits, or goes on."""
        self._wait = description
        self._show()

    def ended(self, status: str, error: str | None) -> None:
        """The run is over. Temporal's own status is "Completed" for a failed one too, so this must say it."""
        self._wait = None
        self._state += f"\n\nEnded: **{status}**" + (f", {error}" if error else "")
        self._show()

    def _show(self) -> None:
        waits = f"\n\nWaiting for: {self._wait}" if self._wait else ""
        workflow.set_current_details(f"{self._state}{waits}")
