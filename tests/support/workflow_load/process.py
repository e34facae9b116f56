# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load in the background of a test."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from . import ledger
from .judge import Figures

REPOSITORY: Final = Path(__file__).resolve().parents[3]
_CALIBRATION_SECONDS: Final = 300
_END_SECONDS: Final = 900
_LOOK_AGAIN_SECONDS: Final = 0.5


class LoadFailed(Exception):
    """The process ended without figures, or too late; the message has what it said."""


@dataclass
class RunningLoad:
    """A load that has been calibrated and runs. ``figures`` are there after the block."""

    directory: Path
    process: subprocess.Popen[bytes]
    figures: Figures | None = None

    def count(self, kind: str) -> int:
        """How many entries of a kind the ledger has by now."""
        return sum(entry["kind"] == kind for entry in ledger.read(self.directory / "ledger.jsonl"))

    def wait_for(self, kind: str, number: int, seconds: float) -> None:
        """Wait until the ledger has so many entries of a kind. Raises ``LoadFailed`` when that takes longer."""
        path, deadline = self.directory / "ledger.jsonl", time.monotonic() + seconds
        while not path.exists() or self.count(kind) < number:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise LoadFailed(f"no {number} entries '{kind}' within {seconds:.0f} s:\n{self.said()}")
            time.sleep(_LOOK_AGAIN_SECONDS)

    def more(self, number: int, seconds: float) -> None:
        """Wait until so many further runs were accepted. Raises ``LoadFailed`` when that takes longer."""
        self.wait_for("accepted", self.count("accepted") + number, seconds)

    def stop(self) -> Figures:
        """Make no further start, and wait until every id has been looked up. Raises ``LoadFailed``."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            raise LoadFailed(f"it did not end within {_END_SECONDS} s:\n{self.said()}") from None
        path = self.directory / "figures.json"
        if not path.exists():
            raise LoadFailed(f"it ended with status {self.process.returncode}:\n{self.said()}")
        told = json.loads(path.read_text(encoding="utf-8"))
        self.figures = Figures(**{field.name: told[field.name] for field in fields(Figures)})
        return self.figures

    def said(self) -> str:
        """The end of its output."""
        return (self.directory / "output").read_text(encoding="utf-8", errors="replace")[-4000:]


@contextmanager
def running(directory: Path, options: Sequence[str]) -> Iterator[RunningLoad]:
    """Run the load with the options of ``python -m workflow_load`` while the block runs, then stop and judge it.

    Raises ``LoadFailed``. What goes wrong in the block is raised as it is, and the load is killed then.
    """
    directory.mkdir(parents=True)
    # The repository for the closed loop of the benchmarks.
    paths = [str(REPOSITORY), str(Path(__file__).resolve().parents[1])]
    with (directory / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "workflow_load", f"--directory={directory}", *options],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )
    load = RunningLoad(directory, process)
    try:
        load.wait_for("begun", 1, _CALIBRATION_SECONDS)
        yield load
        load.stop()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
