# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: a file of JSON lines that is only appended to, so that what was noted outlives the process.

| kind | fields | meaning |
|---|---|---|
| calibrated | rate, runs, concurrency | runs per second that a closed loop sustained |
| begun | rate | the load begins, with so many starts per second |
| planned | id | a start was due |
| accepted | id, seconds | the server accepted it, after so long |
| failed_call | id, call, error | a call failed after the SDK had tried it again |
| ended | calls, slowest | the last start was made: calls by name, and the slowest seconds of each |
| found | id, status, output_is_right, closed_at | what the look-up at the end says of an id |
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


class Ledger:
    """Appends; each line has the time as ``at``, seconds since 1970."""

    def __init__(self, path: Path) -> None:
        """Begin the file. Raises ``FileExistsError`` where there is one: each load has its own."""
        path.touch(exist_ok=False)
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def note(self, kind: str, **fields: Any) -> None:
        """Append one line."""
        self._file.write(json.dumps({"at": time.time(), "kind": kind} | fields) + os.linesep)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read(path: Path) -> list[Entry]:
    """Every entry so far, oldest first; a line that is being written does not count."""
    lines = path.read_bytes().split(b"\n")
    return [json.loads(line) for line in lines[:-1]]
