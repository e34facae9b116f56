# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which workflow a module looks at or acts on: the options of the doc fragment C(aegis.temporal.workflow_target)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import env_fallback
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_filled

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def target_argument_spec(required: bool = False) -> dict[str, Any]:
    """The options, with C(workflow_id), which each module documents by itself; C(required) is its."""
    workflow_id: dict[str, Any] = {"type": "str"}
    if required:
        workflow_id["required"] = True
    return {
        "namespace": {"type": "str", "default": "default", "fallback": (env_fallback, ["TEMPORAL_NAMESPACE"])},
        "workflow_id": workflow_id,
        "run_id": {"type": "str"},
    }


def check_target(params: Mapping[str, Any]) -> None:
    """Check the options. Raises Problem."""
    check_filled(params, "namespace", "workflow_id", "run_id")
    if params["run_id"] is not None and not _UUID.fullmatch(params["run_id"]):
        raise Problem(
            f"run_id is {params['run_id']!r}: not a run id. It is a UUID, as workflow_run returns it; the workflow's "
            "own id goes to workflow_id."
        )


def check_limit(params: Mapping[str, Any]) -> None:
    """Check the option C(limit), if it is given. Raises Problem."""
    if params["limit"] is not None and not 1 <= params["limit"] <= 10000:
        raise Problem(f"limit is {params['limit']}: it must be between 1 and 10000.")
