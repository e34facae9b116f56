# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a benchmark found, as a table for people and as JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


class BenchmarkFailed(RuntimeError):
    """The workload did not do what it should, so that there is nothing to measure."""


@dataclass(frozen=True)
class Finding:
    """One goal, and what was measured."""

    what: str
    goal: str
    measured: str
    met: bool


@dataclass(frozen=True)
class Result:
    """Everything of one benchmark: its findings, lines for people, and figures for programs."""

    name: str
    findings: Sequence[Finding]
    lines: Sequence[str] = ()
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Spread:
    """Median and extremes of repeated measurements."""

    median: float
    least: float
    most: float
    count: int

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Of one or more values."""
        taken = sorted(values)
        return cls(statistics.median(taken), taken[0], taken[-1], len(taken))

    def text(self, unit: str = "", digits: int = 2) -> str:
        """Such as ``1.94 ms (1.90 to 2.11, n=5)``."""
        shown = f"{self.median:.{digits}f}{unit and ' ' + unit}"
        return f"{shown} ({self.least:.{digits}f} to {self.most:.{digits}f}, n={self.count})"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns of plain text; the first row is the heading."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:]])


def summary(results: Iterable[Result]) -> str:
    """The table of all goals."""
    rows = [("benchmark", "what", "goal", "measured", "met")]
    rows += [
        (result.name, finding.what, finding.goal, finding.measured, "yes" if finding.met else "NO")
        for result in results
        for finding in result.findings
    ]
    return table(rows)


def write(directory: Path, results: Sequence[Result], machine: str) -> None:
    """``bench.txt`` and ``bench.json`` in ``directory``, which is made."""
    directory.mkdir(parents=True, exist_ok=True)
    details = "\n\n".join("\n".join([f"── {result.name}", *result.lines]) for result in results)
    (directory / "bench.txt").write_text(f"{machine}\n\n{summary(results)}\n\n{details}\n", encoding="utf-8")
    figures = {"machine": machine, "benchmarks": [asdict(result) for result in results]}
    (directory / "bench.json").write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
