# SPDX-License-Identifier: Apache-2.0
"""What becomes of a state whose agents or judges failed (contract 9.1 no. 6; 1.2, D3.3)."""

from __future__ import annotations

from typing import Any

from ..context import Context
from ..definition import State
from ..errors import InterpreterError


def failed(state: State, context: Context, what: str, reason: str, **fields: Any) -> dict[str, Any]:
    """The output of a state in which ``what`` happened for ``reason``; fields that are None are left out.

    Raises ``InterpreterError`` when no transition takes the failure: the run ends with the true reason then.
    """
    known = {name: value for name, value in fields.items() if value is not None}
    output = {"status": "failed", "error": reason, **known}
    if not context.takes_failure(state, output):
        raise InterpreterError(f"{what}: {reason}")
    return output
