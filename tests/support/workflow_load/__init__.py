# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load with a ledger: workflows that start at a fixed rate while something happens to the deployment.

``python -m workflow_load`` makes the load; ``running`` does so in the background of a test. Every planned start, and
what became of it, is a line of a file, and ``judge`` counts what failed, was lost or was done twice.
"""

from .judge import Figures, judge
from .process import LoadFailed, RunningLoad, running

__all__ = ["Figures", "LoadFailed", "RunningLoad", "judge", "running"]
