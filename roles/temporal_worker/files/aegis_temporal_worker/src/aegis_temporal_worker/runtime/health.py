# SPDX-License-Identifier: Apache-2.0
"""What the orchestrator says of its own health on its gRPC port (contract 1.2, D1.1): ``grpc.health.v1``."""

from __future__ import annotations

from typing import Final, Literal

import grpc
from grpc import aio
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

RuntimeHealth = Literal["serving", "not_serving", "unreachable", "unknown"]

# NOT_SERVING while the orchestrator's database is away. The empty name would only mean that its process runs.
SERVICE: Final = "aegis.runtime.v1.AegisRuntime"
_UNREACHABLE: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


async def ask_health(channel: aio.Channel, metadata: tuple[tuple[str, str], ...], seconds: float) -> RuntimeHealth:
    """Ask over ``channel``, for at most so many seconds.

    ``unknown`` is an orchestrator that answers but does not say: one that has no such service, or refuses the token.
    """
    try:
        answer: HealthCheckResponse = await HealthStub(channel).Check(
            HealthCheckRequest(service=SERVICE), metadata=metadata, timeout=seconds
        )
    except aio.AioRpcError as error:
        return "unreachable" if error.code() in _UNREACHABLE else "unknown"
    return "serving" if answer.status == HealthCheckResponse.SERVING else "not_serving"
