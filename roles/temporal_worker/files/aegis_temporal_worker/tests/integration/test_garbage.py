# SPDX-License-Identifier: Apache-2.0
"""How many ended runs Python keeps before it looks for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src"

# Runs as the SDK leaves them: eighty objects that refer to each other. Fifty are at work at once: each grows old.
RUNS = """
import sys, weakref
from collections import deque
import aegis_temporal_worker.service
from aegis_temporal_worker.garbage import collect_often
if sys.argv[1] == "often":
    collect_often()
class Run:
    def __init__(self):
        self.parts = [[self] for _ in range(80)]
ended = weakref.WeakSet()
at_work = deque()
most = 0
for _ in range(1500):
    at_work.append(Run())
    if len(at_work) > 50:
        ended.add(at_work.popleft())
    most = max(most, len(ended))
print(most)
"""


def most_kept(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", RUNS, how],
        env={"PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_few_ended_runs_are_kept() -> None:
    as_it_is, often = most_kept("as it is"), most_kept("often")
    assert often <= as_it_is / 4, (as_it_is, often)
