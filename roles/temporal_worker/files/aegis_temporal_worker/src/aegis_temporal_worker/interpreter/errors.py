# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in a run, told apart by what follows from it."""

from __future__ import annotations


class InterpreterError(Exception):
    """The run ends as failed, with this text as its error; Temporal sees a completed workflow."""


class RunAborted(Exception):  # noqa: N818 - it is an ending, not only an error
    """The run has told its failure to the orchestrator, and the Temporal workflow itself must fail with this text."""


class OutsideError(Exception):
    """Something outside (runtime, orchestrator, database) failed for good.

    ``events_sent`` tells whether the events that went along were delivered before the failure.
    """

    def __init__(self, message: str, *, events_sent: bool = False) -> None:
        super().__init__(message)
        self.events_sent = events_sent
