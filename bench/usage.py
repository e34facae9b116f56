# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU time and memory of a process and of what it started, from /proc (see proc(5))."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of all its descendants, ended ones included.

    A process that ended counts as soon as its parent has waited for it. Raises FileNotFoundError when ``pid`` is gone.
    """
    # utime, stime, and both of the children that were waited for: fields 14 to 17, counted behind the name.
    used = sum(int(field) for field in _fields(pid)[11:15]) / _TICKS
    for child in _children(pid):
        try:
            used += cpu_seconds(child)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return used


def resident_mib(pid: int) -> float:
    """Resident memory of one process, MiB (2^20 bytes)."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE / 2**20


def cpu_of(processes: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds so far by name."""
    return {name: cpu_seconds(pid) for name, pid in processes.items()}


def difference(later: Mapping[str, float], earlier: Mapping[str, float]) -> dict[str, float]:
    """``later - earlier`` by name."""
    return {name: later[name] - earlier[name] for name in later}


def _fields(pid: int) -> list[str]:
    # The name is in parentheses and may hold blanks.
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += [int(child) for child in (task / "children").read_text(encoding="ascii").split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found
