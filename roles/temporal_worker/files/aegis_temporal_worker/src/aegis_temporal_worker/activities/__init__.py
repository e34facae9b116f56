# SPDX-License-Identifier: Apache-2.0
"""Everything that touches the outside: the orchestrator's runtime and event route, and the stored definitions."""

from __future__ import annotations
