# SPDX-License-Identifier: Apache-2.0
"""Faults that a test switches on while the stand-in runs."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aegis_temporal_worker.standin import NAME


class _Fault(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int | None = Field(default=None, ge=1, description="how many requests it hits; absent: until it is cleared")
    delay_seconds: float = Field(default=0, ge=0, description="wait before it hits")


class HttpFault(_Fault):
    """Hits the event route or the look-ups."""

    mode: Literal["refuse", "drop", "lose_answer"] = Field(
        default="refuse",
        description="refuse: answer with status; drop: close the connection unread; "
        "lose_answer: take the request, then close the connection without an answer",
    )
    status: int = Field(default=503, ge=400, le=599)
    message: str = Field(default=f"{NAME}: fault switched on", description="text of the refusal's error")


class RuntimeFault(_Fault):
    """Hits calls of the runtime."""

    code: str = Field(default="UNAVAILABLE", description="name of the gRPC status")
    methods: list[str] | None = Field(default=None, description="names of RPCs; absent: all")


class Faults(BaseModel):
    """All faults. Absent parts of a request stay as they are; null clears one."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    events: HttpFault | None = None
    lookups: HttpFault | None = None
    runtime: RuntimeFault | None = None
    runtime_stopped: bool = Field(default=False, description="the gRPC port does not listen")
    runtime_not_serving: bool = Field(default=False, description="grpc.health answers NOT_SERVING for the runtime")

    def change(self, wanted: Faults) -> None:
        """Take over the parts that ``wanted`` sets."""
        for name in wanted.model_fields_set:
            setattr(self, name, getattr(wanted, name))

    def take_http(self, route: Literal["events", "lookups"]) -> HttpFault | None:
        """The fault that hits this request; it is used up."""
        fault: HttpFault | None = getattr(self, route)
        if fault is not None and _used_up(fault):
            setattr(self, route, None)
        return fault

    def take_runtime(self, method: str) -> RuntimeFault | None:
        """The fault that hits this call; it is used up."""
        fault = self.runtime
        if fault is None or (fault.methods is not None and method not in fault.methods):
            return None
        if _used_up(fault):
            self.runtime = None
        return fault


def _used_up(fault: _Fault) -> bool:
    if fault.count is None:
        return False
    fault.count -= 1
    return fault.count <= 0
