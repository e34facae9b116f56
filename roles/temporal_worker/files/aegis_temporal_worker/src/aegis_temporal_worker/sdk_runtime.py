# SPDX-License-Identifier: Apache-2.0
"""The runtime of the Temporal SDK: where its log lines and its metrics go."""

from __future__ import annotations

import logging
from typing import Final

from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    MetricBuffer,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

# Far more updates than the seconds between two drains can bring; the SDK drops what does not fit and says so.
_BUFFERED_UPDATES: Final = 100_000


def install_sdk_runtime() -> MetricBuffer:
    """Send the SDK's own log lines to Python's logging and its metrics to the buffer that is returned.

    Call it once, before the first client connects. Without it the SDK writes plain text between our JSON lines.
    """
    buffer = MetricBuffer(_BUFFERED_UPDATES)
    forwarding = LogForwardingConfig(logging.getLogger("temporalio.core"), append_target_to_name=False)
    log_config = LoggingConfig(TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=log_config, metrics=buffer)))
    return buffer
