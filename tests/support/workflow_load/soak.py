# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of the orchestrator's ledger, which is the one of the worker's soak test."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, Final

DIRECTORY: Final = Path(__file__).resolve().parents[3] / "roles/temporal_worker/files/aegis_temporal_worker/tests/soak"
_NAME: Final = "aegis_temporal_worker_soak"


def module(name: str) -> ModuleType:
    """A module of the soak test. The directory above it is no import path: it has names of the standard library."""
    if _NAME not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            _NAME, DIRECTORY / "__init__.py", submodule_search_locations=[str(DIRECTORY)]
        )
        assert spec is not None
        sys.modules[_NAME] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{_NAME}.{name}")


def check_orchestrator_ledger(entries: Iterable[dict[str, Any]], ids: Collection[str]) -> list[str]:
    """What is wrong in the entries of these runs: events that are missing or out of order, work begun twice."""
    known = set(ids)
    own = [entry for entry in entries if _run_of(entry) in known]
    problems: list[str] = module("ledger_check").check(own, known).problems
    return problems


def _run_of(entry: dict[str, Any]) -> str | None:
    if entry["kind"] == "call":
        run = entry["request"].get("env", {}).get("RUN_ID")
        return str(run) if run else None
    found: str | None = entry["execution_id"]
    return found
