# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definitions that the benchmarks run."""

from __future__ import annotations

from typing import Any
from uuid import uuid4


def linear(states: int, command: str = "true", **fields: Any) -> dict[str, Any]:
    """``states`` System states in a row, S1 to Sn, each with ``command``; ``fields`` are further fields of a state."""
    names = [f"S{number}" for number in range(1, states + 1)]
    nexts = [*names[1:], None]
    return definition(
        {
            name: {
                "kind": "System",
                "command": command,
                "env": {},
                "transitions": [{"condition": "exit_code_zero", "target": target}] if target else [],
                **fields,
            }
            for name, target in zip(names, nexts, strict=True)
        }
    )


def definition(states: dict[str, Any]) -> dict[str, Any]:
    """A definition that begins with the first of ``states``, as the orchestrator registers one."""
    workflow_id = str(uuid4())
    return {
        "workflow_id": workflow_id,
        "tenant_id": "bench",
        # A second one of a name and version would replace the first.
        "name": f"bench-{workflow_id}",
        "version": "1.0.0",
        "scope": "tenant",
        "initial_state": next(iter(states)),
        "context": {},
        "states": states,
    }
