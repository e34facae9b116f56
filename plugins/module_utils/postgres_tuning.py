# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of PostgreSQL for Temporal, sized from the memory that the server may use."""

from __future__ import annotations

import re
import typing as t

_UNITS = {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}
_SIZE = re.compile(r"^\s*([0-9]+(?:\.[0-9]+)?)\s*(B|kB|MB|GB|TB)?\s*$")


class TuningError(ValueError):
    """A size that PostgreSQL would not understand."""


def memory_bytes(value: t.Any, unit_bytes: int) -> int:
    """Return a size of PostgreSQL's configuration in bytes.

    Args:
        value: A text such as ``"2GB"``, or a number in units of ``unit_bytes``.
        unit_bytes: What one stands for when the value has no unit (``shared_buffers``: a page of 8192 bytes).

    Raises:
        TuningError: The text is no size. Units are case sensitive: B, kB, MB, GB, TB
            (https://www.postgresql.org/docs/17/config-setting.html).
    """
    match = _SIZE.match(str(value))
    if match is None:
        raise TuningError("not a size; the units are B, kB, MB, GB and TB")
    return int(float(match.group(1)) * (_UNITS[match.group(2)] if match.group(2) else unit_bytes))


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))


def _rounded(megabytes: int) -> int:
    """Round down to three significant bits, so that a kernel update that keeps 2 MB more does not cause a restart."""
    step = 1 << max(megabytes.bit_length() - 3, 0)
    return megabytes // step * step


def tuned_settings(memory_mb: int, max_connections: int) -> dict[str, t.Any]:
    """Return the settings by name, as the configuration file takes them.

    shared_buffers is a quarter and effective_cache_size three quarters of the memory, the ratio of the best published
    Temporal-on-PostgreSQL measurement (piotrmucha.blog, "Temporal performance tests", 2025-09-12), which also has
    work_mem 32 MB and maintenance_work_mem 512 MB; both are upper bounds here, lowered where the memory is small, so
    that every connection can sort once without swapping.

    Args:
        memory_mb: MiB that PostgreSQL may count on, at least 1.
        max_connections: Connections that may be open at once.
    """
    shared = _rounded(_clamp(memory_mb // 4, 32, 32 * 1024))
    return {
        "shared_buffers": "%dMB" % shared,
        "effective_cache_size": "%dMB" % _rounded(max(memory_mb * 3 // 4, 64)),
        "work_mem": "%dMB" % _clamp(memory_mb // 4 // max(max_connections, 1), 4, 32),
        "maintenance_work_mem": "%dMB" % _rounded(_clamp(memory_mb // 16, 64, 1024)),
        # Checkpoints seldom and spread out: every first touch of a page after one writes the whole page to the log.
        "checkpoint_timeout": "15min",
        "min_wal_size": "512MB",
        "max_wal_size": "4GB",
        "wal_compression": "on",
        # Losing acknowledged commits would leave Temporal's history and its tasks in contradiction.
        "synchronous_commit": "on",
        # Temporal's statements are short: compiling them costs more than running them, and without the compiler the
        # unit can forbid memory that is writable and executable.
        "jit": "off",
        # Disks of today read at random nearly as fast as in sequence.
        "random_page_cost": "1.1",
        # A client whose host vanished gives its connection back after about two minutes instead of two hours.
        "tcp_keepalives_idle": "60",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "6",
        "log_connections": "on",
        "log_lock_waits": "on",
    }
