# SPDX-License-Identifier: Apache-2.0
"""What the events of an agent's run tell (contract 8.2, 8.3)."""

from __future__ import annotations

from dataclasses import dataclass

from ..runtime.proto import aegis_runtime_pb2 as pb


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended; ``error`` says why it did not complete."""

    completed: bool
    output: str
    error: str | None
    iterations: int


@dataclass(slots=True)
class Seen:
    """What is known of a run so far.

    ``begun``: an event has come. ``run_id`` is not the one of ``execution_started``: that is a random placeholder.
    ``error`` is the last failed iteration's.
    """

    begun: bool = False
    run_id: str | None = None
    output: str = ""
    iterations: int = 0
    error: str | None = None

    def take(self, event: pb.ExecutionEvent) -> Ending | None:
        """Note an event; the ending when it is the last one."""
        self.begun = True
        kind = event.WhichOneof("event")
        if kind is None or kind == "execution_started":
            # None: a kind that a newer orchestrator has; it is a sign of life all the same.
            return None
        body = getattr(event, kind)
        self.run_id = self.run_id or body.execution_id or None
        if kind in ("execution_completed", "execution_failed"):
            return self._ended(event)
        self.iterations = max(self.iterations, body.iteration_number)
        if kind in ("iteration_output", "iteration_completed"):
            self.output = body.output
        elif kind == "iteration_failed":
            # A call to a model that failed comes this way too, as llm_ and its class.
            self.error = ": ".join(filter(None, (body.error.error_type, body.error.message)))
        return None

    def ended_as(self, status: str, final_output: str | None, error: str | None) -> Ending | None:
        """The ending that a polled status stands for (contract 1.2, D1.3); None for a run that still goes on."""
        if status == "completed":
            return Ending(True, self.output if final_output is None else final_output, None, self.iterations)
        if status in ("failed", "cancelled"):
            return self.failed(error or self.error or f"the run ended as {status}")
        return None

    def failed(self, error: str) -> Ending:
        """An ending without success."""
        return Ending(False, self.output, error, self.iterations)

    def _ended(self, event: pb.ExecutionEvent) -> Ending:
        if event.HasField("execution_completed"):
            completed = event.execution_completed
            return Ending(True, completed.final_output, None, completed.total_iterations or self.iterations)
        failed = event.execution_failed
        self.iterations = failed.total_iterations or self.iterations
        return self.failed(failed.reason or self.error or "the runtime gave no reason")
