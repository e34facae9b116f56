# SPDX-License-Identifier: Apache-2.0
"""Fixtures of runs on a real server, as in ``tests/replay``."""

from __future__ import annotations

from ..replay.conftest import client

__all__ = ["client"]
