# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflow that the load starts: two commands, one of which takes a second, and an output that names the run."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

WORKFLOW_TYPE: Final = "aegis_workflow"
STATES: Final = ("WORK", "TELL")
_TENANT: Final = "aegis-system"


def definition(*, again: bool) -> dict[str, Any]:
    """The definition, with a new id.

    With ``again`` a command that was lost with its worker is done again, in another visit of its state: the worker
    itself repeats none, because it may have had effects. Without it such a run ends as failed.
    """
    workflow_id = str(uuid4())
    return {
        "workflow_id": workflow_id,
        "tenant_id": _TENANT,
        # A second one of a name and version would replace the first.
        "name": f"load-{workflow_id}",
        "version": "1.0.0",
        "scope": "tenant",
        "initial_state": STATES[0],
        "context": {},
        "states": {
            "WORK": _command("WORK", 'sleep 1; echo "$RUN_ID"', "TELL", again=again),
            "TELL": _command("TELL", 'echo "$RUN_ID"', "END", again=again),
            "END": {"kind": "Action", "action": "update_blackboard", "args": {"ended": "yes"}, "transitions": []},
        },
        "max_total_transitions": 100,
        "output_template": {"proof": "{{execution.id}}", "told": "{{TELL.output.stdout}}"},
    }


def argument(workflow: dict[str, Any]) -> dict[str, Any]:
    """The one argument with which a run of it is started, as the orchestrator does."""
    return {
        "workflow_id": workflow["workflow_id"],
        "tenant_id": _TENANT,
        "input": {},
        "blackboard": None,
        "security_context_name": None,
    }


def expected_output(execution_id: str) -> dict[str, str]:
    """What the run must end with."""
    return {"proof": execution_id, "told": f"{execution_id}\n"}


def _command(state: str, command: str, target: str, *, again: bool) -> dict[str, Any]:
    ways = [{"condition": "on_success", "target": target}]
    return {
        "kind": "System",
        "command": command,
        "env": {"RUN_ID": "{{execution.id}}", "STATE": state},
        "timeout": "60s",
        "max_state_visits": 20,
        "transitions": [*ways, {"condition": "on_failure", "target": state}] if again else ways,
    }
