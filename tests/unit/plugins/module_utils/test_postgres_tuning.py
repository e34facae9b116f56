# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that follow from the memory."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.postgres_tuning import (
    TuningError,
    memory_bytes,
    tuned_settings,
)


@pytest.mark.parametrize(
    ("memory_mb", "connections", "shared", "cache", "work", "maintenance"),
    [
        (512, 500, "128MB", "384MB", "4MB", "64MB"),
        (8192, 500, "2048MB", "6144MB", "4MB", "512MB"),
        (65536, 500, "16384MB", "49152MB", "32MB", "1024MB"),
        (65536, 1000, "16384MB", "49152MB", "16MB", "1024MB"),
        (16, 0, "32MB", "64MB", "4MB", "64MB"),
    ],
)
def test_sizes_follow_the_memory(
    memory_mb: int, connections: int, shared: str, cache: str, work: str, maintenance: str
) -> None:
    tuned = tuned_settings(memory_mb, connections)
    assert tuned["shared_buffers"] == shared
    assert tuned["effective_cache_size"] == cache
    assert tuned["work_mem"] == work
    assert tuned["maintenance_work_mem"] == maintenance


def test_a_little_more_memory_changes_nothing_that_needs_a_restart() -> None:
    assert tuned_settings(7900, 500) == tuned_settings(7910, 500)


def test_what_temporal_relies_on() -> None:
    tuned = tuned_settings(4096, 500)
    assert tuned["synchronous_commit"] == "on"
    assert tuned["jit"] == "off"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("2GB", 2 * 1024**3), ("1.5MB", 1536 * 1024), ("64 kB", 65536), (100, 819200), ("100", 819200), ("9B", 9)],
)
def test_sizes_are_read_as_postgresql_reads_them(value: object, expected: int) -> None:
    assert memory_bytes(value, unit_bytes=8192) == expected


@pytest.mark.parametrize("value", ["2gb", "", "-1", "two", "1GiB"])
def test_what_is_no_size_is_refused(value: str) -> None:
    with pytest.raises(TuningError, match="not a size"):
        memory_bytes(value, unit_bytes=1)
