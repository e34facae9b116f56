# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All faults that the scenario injects, in the order of docs/faults.md."""

from __future__ import annotations

from fault import Fault
from faults_database import DATABASE_FAULTS
from faults_server import SERVER_FAULTS
from faults_worker import WORKER_FAULTS

FAULTS: tuple[Fault, ...] = (*DATABASE_FAULTS, *SERVER_FAULTS, *WORKER_FAULTS)
