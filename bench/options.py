# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line says to every benchmark."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .rig import SOURCES


@dataclass(frozen=True)
class Options:
    """``workflows`` replaces how many runs one measurement takes (None: what the benchmark thinks right)."""

    sources: Path = SOURCES
    repetitions: int = 5
    workflows: int | None = None
