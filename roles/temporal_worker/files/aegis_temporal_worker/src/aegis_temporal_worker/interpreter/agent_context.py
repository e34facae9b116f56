# SPDX-License-Identifier: Apache-2.0
"""The blackboard as agents get it: within what Temporal's answer to a query and the runtime's message can carry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .values import weight

# Temporal refuses an answer over 2 MiB, the runtime a message over 4 MB.
MOST_BYTES: Final = 1_500_000


def within_limit(blackboard: Mapping[str, Any], most: int = MOST_BYTES) -> dict[str, Any]:
    """The blackboard, the largest values replaced by a marker with their size until it weighs no more than ``most``."""
    sizes = {key: weight(value) for key, value in blackboard.items()}
    total = sum(sizes.values())
    replaced: dict[str, Any] = {}
    for key in sorted(sizes, key=lambda name: sizes[name], reverse=True):
        if total <= most:
            break
        replaced[key] = {"truncated": True, "bytes": sizes[key]}
        total -= sizes[key]
    return {**blackboard, **replaced}
