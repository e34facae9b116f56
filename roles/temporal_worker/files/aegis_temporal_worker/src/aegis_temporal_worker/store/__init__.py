# SPDX-License-Identifier: Apache-2.0
"""Workflow definitions in PostgreSQL."""

from __future__ import annotations

from aegis_temporal_worker.store.definitions import Definition, DefinitionStore, Summary
from aegis_temporal_worker.store.errors import DefinitionRefusedError, StoreError, StoreUnavailableError
from aegis_temporal_worker.store.pool import open_pool

__all__ = [
    "Definition",
    "DefinitionRefusedError",
    "DefinitionStore",
    "StoreError",
    "StoreUnavailableError",
    "Summary",
    "open_pool",
]
