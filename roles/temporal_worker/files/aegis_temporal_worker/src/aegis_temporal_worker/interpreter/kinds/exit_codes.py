# SPDX-License-Identifier: Apache-2.0
"""Exit codes of work that did not end by itself, as shells and ``timeout`` use them."""

from __future__ import annotations

from typing import Final

TIMED_OUT: Final = 124
NOT_RUN: Final = 125
