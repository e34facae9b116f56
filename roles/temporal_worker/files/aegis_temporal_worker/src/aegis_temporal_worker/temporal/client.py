# SPDX-License-Identifier: Apache-2.0
"""Connection to Temporal."""

from __future__ import annotations

import logging
from typing import Final, Protocol

from temporalio.client import Client
from temporalio.service import KeepAliveConfig, RPCError
from tenacity import AsyncRetrying, before_sleep_log, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from .converter import DATA_CONVERTER

log = logging.getLogger(__name__)

# How long the start waits for a frontend that does not answer; systemd starts the process again after that.
CONNECT_SECONDS: Final = 120.0

# A frontend whose host is gone is noticed after 20 s instead of the SDK's 45 s, and the next address of its name takes
# over. Servers refuse pings that are less than 10 s apart (frontend.keepAliveMinTime). The SDK's own way to spread
# calls over the addresses of a name (dns_load_balancing_config) is not used: while one of two frontends was down, every
# second call failed its first try there.
KEEP_ALIVE: Final = KeepAliveConfig(interval_millis=15_000, timeout_millis=5_000)


class TemporalSettings(Protocol):
    """Where Temporal is, and who we are there."""

    @property
    def temporal_address(self) -> str:
        """host:port of the frontend, plain gRPC; the host can be a name that stands for several."""

    @property
    def temporal_namespace(self) -> str:
        """Namespace."""

    @property
    def identity(self) -> str:
        """Identity of this process in Temporal."""


async def connect(settings: TemporalSettings, limit_seconds: float = CONNECT_SECONDS) -> Client:
    """Connect, trying again for ``limit_seconds`` with growing gaps.

    Raises ``RuntimeError`` (no connection) or ``temporalio.service.RPCError`` (refused) after that.
    """
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type((RuntimeError, RPCError)),
        wait=wait_exponential_jitter(multiplier=0.5, max=5),
        stop=stop_after_delay(limit_seconds),
        before_sleep=before_sleep_log(log, logging.WARNING),
        reraise=True,
    ):
        with attempt:
            return await Client.connect(
                settings.temporal_address,
                namespace=settings.temporal_namespace,
                identity=settings.identity,
                data_converter=DATA_CONVERTER,
                keep_alive_config=KEEP_ALIVE,
            )
    raise AssertionError("unreachable: the last attempt raises")
