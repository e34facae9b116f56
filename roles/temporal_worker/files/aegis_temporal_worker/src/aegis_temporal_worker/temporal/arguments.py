# SPDX-License-Identifier: Apache-2.0
"""Arguments of workflows, taken undecoded.

One that cannot be decoded must end the run, while the SDK would fail the workflow task again and again.
"""

from __future__ import annotations

from typing import Final

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from ..interpreter.start import Unreadable

ABSENT: Final = RawValue(Payload(metadata={"encoding": b"binary/null"}))


def decoded(argument: RawValue) -> object:
    """The value, or ``Unreadable``. Call it inside a workflow."""
    try:
        value: object = workflow.payload_converter().from_payload(argument.payload)
    except (RuntimeError, KeyError) as error:
        return Unreadable(str(error.__cause__ or error))
    return value
