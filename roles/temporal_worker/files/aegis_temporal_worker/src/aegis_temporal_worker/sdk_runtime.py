# SPDX-License-Identifier: Apache-2.0
"""The runtime of the Temporal SDK: where its log lines and its metrics go."""

from __future__ import annotations

import logging
import socket
from typing import Final

from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

_LOOPBACK: Final = "127.0.0.1"
# Another process may take the port between its choice and the SDK's listening.
_ATTEMPTS: Final = 5
_TAKEN: Final = "address already in use"


def install_sdk_runtime() -> int:
    """Send the SDK's own log lines to Python's logging, and let it serve its metrics on a port of loopback.

    Returns that port; ``sdk_metrics`` reads it and shows what it says on our own listener. The SDK can also hand its
    updates over one by one, but each would then cost time of the event loop, and their buffer takes 15 MiB.

    Call it once, before the first client connects. Without it the SDK writes plain text between our JSON lines. Raises
    ``ValueError`` when the SDK cannot listen.
    """
    forwarding = LogForwardingConfig(logging.getLogger("temporalio.core"), append_target_to_name=False)
    log_config = LoggingConfig(TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
    runtime, port = _listening(log_config)
    Runtime.set_default(runtime)
    return port


def _listening(log_config: LoggingConfig) -> tuple[Runtime, int]:
    for left in reversed(range(_ATTEMPTS)):
        port = _free_port()
        # Names and units as Prometheus recommends: https://prometheus.io/docs/practices/naming/
        metrics = PrometheusConfig(
            f"{_LOOPBACK}:{port}", counters_total_suffix=True, unit_suffix=True, durations_as_seconds=True
        )
        try:
            return Runtime(telemetry=TelemetryConfig(logging=log_config, metrics=metrics)), port
        except ValueError as error:
            if not left or _TAKEN not in str(error).lower():
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
