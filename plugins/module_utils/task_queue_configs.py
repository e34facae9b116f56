# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits of task queues: what is wanted, what is there, and the request between the two.

The server keeps them per kind of task (service/matching/task_queue_partition_manager.go); on workflow tasks it allows
none. They stand above the limits that workers ask for themselves.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp, api_path, read_answer

LEAST_VERSION = (1, 29)
"""The first server with this route."""

TYPES = ("activity", "nexus")
LIMITS = {"queue_rate_limit": "queueRateLimit", "fairness_key_rate_limit": "fairnessKeysRateLimitDefault"}
"""Our options, and the server's names in a description."""

_UPDATES = {
    "queue_rate_limit": "updateQueueRateLimit",
    "fairness_key_rate_limit": "updateFairnessKeyRateLimitDefault",
}
_IDENTITY = "aegis.temporal.task_queue_config"
_LARGEST = 1e9


def check_limits(options: Mapping[str, Any]) -> None:
    """Raise Problem for a limit that is none."""
    for option in LIMITS:
        value = options[option]
        # "not <=" also refuses NaN.
        if value is not None and not 0 <= value <= _LARGEST:
            raise Problem(
                f"{option} is {value}: it must be between 0 (nothing is handed out) and {_LARGEST:g} tasks per second."
            )


def describe(client: TemporalHttp, namespace: str, queue: str, queue_type: str) -> dict[str, float | None]:
    """Return each of LIMITS in tasks per second, None where nothing is set."""
    params = {"taskQueueType": _type(queue_type), "reportConfig": "true"}
    answer = client.get(api_path("namespaces", namespace, "task-queues", queue), params)
    return read_answer("The description of a task queue", answer, lambda content: summary(content.get("config", {})))


def update(
    client: TemporalHttp, namespace: str, queue: str, queue_type: str, limits: Mapping[str, float | None], reason: str
) -> dict[str, float | None]:
    """Set the given limits, or remove those that are None. Returns all of LIMITS afterwards."""
    body: dict[str, Any] = {"taskQueueType": _type(queue_type), "identity": _IDENTITY}
    for option, value in limits.items():
        # An update without a limit removes it.
        change: dict[str, Any] = {"reason": reason}
        if value is not None:
            change["rateLimit"] = {"requestsPerSecond": value}
        body[_UPDATES[option]] = change
    answer = client.post(api_path("namespaces", namespace, "task-queues", queue, "update-config"), body)
    return read_answer("The configuration of a task queue", answer, lambda content: summary(content["config"]))


def summary(config: Mapping[str, Any]) -> dict[str, float | None]:
    """Bring the server's TaskQueueConfig to the shape that modules return."""
    return {option: _limit(config.get(key, {})) for option, key in LIMITS.items()}


def changes(wanted: Mapping[str, float | None], live: Mapping[str, float | None]) -> dict[str, float | None]:
    """The part of C(wanted) that differs from C(live)."""
    return {option: value for option, value in wanted.items() if _single(value) != _single(live[option])}


def _limit(entry: Mapping[str, Any]) -> float | None:
    # JSON leaves out a number that is 0.
    return float(entry["rateLimit"].get("requestsPerSecond", 0)) if "rateLimit" in entry else None


def _single(value: float | None) -> float | None:
    """The value as the server holds it: in single precision, where 0.1 is another number than ours."""
    return None if value is None else float(struct.unpack("f", struct.pack("f", value))[0])


def _type(queue_type: str) -> str:
    return f"TASK_QUEUE_TYPE_{queue_type.upper()}"
