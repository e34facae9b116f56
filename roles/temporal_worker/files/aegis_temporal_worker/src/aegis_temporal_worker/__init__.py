# SPDX-License-Identifier: Apache-2.0
"""Workflow worker for AEGIS: interprets state machines on a Temporal task queue."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("aegis-temporal-worker")
except PackageNotFoundError:  # run from a source tree that was not installed
    __version__ = "0.0.0+source"

__all__ = ["__version__"]
