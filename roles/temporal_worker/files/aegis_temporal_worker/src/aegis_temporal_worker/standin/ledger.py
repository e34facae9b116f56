# SPDX-License-Identifier: Apache-2.0
"""The ledger: everything the stand-in received, in order, in a file of JSON lines that is only appended to."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson

from aegis_temporal_worker.standin import NAME

Kind = Literal["event", "call", "cancel", "fire"]
Entry = dict[str, Any]


class Ledger:
    """Events of runs, calls of the runtime and those that were given up, and fires of schedules.

    A repeated sequence number of a run is kept and marked as a double.
    """

    def __init__(self, path: Path) -> None:
        """Continue the file at ``path``, or begin it. Raises ``OSError`` when it cannot be written."""
        self._path = path
        self._entries: list[Entry] = []
        self._seen: set[tuple[str, int]] = set()
        if path.exists():
            for line in path.read_bytes().splitlines():
                self._keep(orjson.loads(line))
        # Outputs of commands and agents may be private.
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab", buffering=0)

    def record_event(self, event: Any, status: int, *, authorised: bool, reason: str | None = None) -> Entry:
        """Note an event that was posted: the HTTP ``status`` it got, and why when it was refused."""
        execution_id, sequence = _identity(event)
        double = status == 200 and (execution_id, sequence) in self._seen
        return self._append(
            "event",
            {
                "execution_id": execution_id,
                "sequence": sequence,
                "status": status,
                "double": double,
                "authorised": authorised,
                "reason": reason,
                "event": event,
            },
        )

    def record_call(self, method: str, request: Any, tenant_id: str | None, *, authorised: bool) -> Entry:
        """Note a call of the runtime: the name of the RPC and the request's fields."""
        execution_id = request.get("workflow_execution_id") or request.get("execution_id")
        return self._append(
            "call",
            {
                "execution_id": execution_id,
                "method": method,
                "tenant_id": tenant_id,
                "authorised": authorised,
                "request": request,
            },
        )

    def record_cancel(self, method: str, execution_id: str | None) -> Entry:
        """Note that the caller gave a call up before it was answered, or asked for the end of an agent's run."""
        return self._append("cancel", {"execution_id": execution_id, "method": method})

    def record_fire(self, schedule_id: str, tenant_id: str | None, fire: Entry) -> Entry:
        """Note the fire of a schedule: its time, the HTTP status it got, whether it was a repetition."""
        return self._append("fire", {"execution_id": None, "schedule_id": schedule_id, "tenant_id": tenant_id, **fire})

    def entries(self, *, execution_id: str | None = None, kind: str | None = None) -> list[Entry]:
        """What was received, oldest first, of one run or of one kind where asked."""
        return [
            entry
            for entry in self._entries
            if (execution_id is None or entry["execution_id"] == execution_id)
            and (kind is None or entry["kind"] == kind)
        ]

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _append(self, kind: Kind, fields: Entry) -> Entry:
        entry = {"standin": NAME, "kind": kind, "received_at": datetime.now(UTC).isoformat()} | fields
        self._file.write(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
        self._keep(entry)
        return entry

    def _keep(self, entry: Entry) -> None:
        self._entries.append(entry)
        if entry["kind"] == "event" and entry["status"] == 200:
            self._seen.add((entry["execution_id"], entry["sequence"]))


def _identity(event: Any) -> tuple[str | None, int | None]:
    fields = event if isinstance(event, dict) else {}
    execution_id, sequence = fields.get("execution_id"), fields.get("temporal_sequence_number")
    return (
        execution_id if isinstance(execution_id, str) else None,
        sequence if isinstance(sequence, int) else None,
    )
