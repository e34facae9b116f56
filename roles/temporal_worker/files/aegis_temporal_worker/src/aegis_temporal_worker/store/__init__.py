# SPDX-License-Identifier: Apache-2.0
"""Workflow definitions in PostgreSQL."""

from __future__ import annotations

from aegis_temporal_worker.store.definitions import DefinitionStore
from aegis_temporal_worker.store.errors import (
    DefinitionRefusedError,
    InvalidPageTokenError,
    StoreError,
    StoreUnavailableError,
)
from aegis_temporal_worker.store.memory import Definition
from aegis_temporal_worker.store.pages import Page, Position, Summary
from aegis_temporal_worker.store.pool import open_pool

__all__ = [
    "Definition",
    "DefinitionRefusedError",
    "DefinitionStore",
    "InvalidPageTokenError",
    "Page",
    "Position",
    "StoreError",
    "StoreUnavailableError",
    "Summary",
    "open_pool",
]
