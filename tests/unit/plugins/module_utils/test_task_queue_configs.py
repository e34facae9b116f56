# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rate limits of task queues: numbers as the server holds them, and what counts as a difference."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import task_queue_configs as configs
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from hypothesis import given
from hypothesis import strategies as st

rates = st.floats(0, 1e9)
NONE = {"queue_rate_limit": None, "fairness_key_rate_limit": None}


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        ({}, None),
        ({"queueRateLimit": {"metadata": {"updateIdentity": "who removed it"}}}, None),
        ({"queueRateLimit": {"rateLimit": {}}}, 0.0),
        ({"queueRateLimit": {"rateLimit": {"requestsPerSecond": 2}}}, 2.0),
    ],
)
def test_nothing_and_zero_are_told_apart(config: dict[str, Any], limit: float | None) -> None:
    assert configs.summary(config) == {**NONE, "queue_rate_limit": limit}


@given(rates)
def test_what_the_server_stored_is_no_difference(rate: float) -> None:
    [stored] = struct.unpack("f", struct.pack("f", rate))
    assert configs.changes({"queue_rate_limit": rate}, {**NONE, "queue_rate_limit": stored}) == {}


@given(rates, rates)
def test_another_number_is_a_difference(rate: float, live: float) -> None:
    changes = configs.changes({"queue_rate_limit": rate}, {**NONE, "queue_rate_limit": live})
    alike = struct.pack("f", rate) == struct.pack("f", live)
    assert changes == ({} if alike or rate == live else {"queue_rate_limit": rate})


def test_only_what_differs_is_sent() -> None:
    live = {"queue_rate_limit": 5.0, "fairness_key_rate_limit": None}
    assert configs.changes(NONE, live) == {"queue_rate_limit": None}
    assert configs.changes({"fairness_key_rate_limit": 0.0}, live) == {"fairness_key_rate_limit": 0.0}


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), 1e10])
@pytest.mark.parametrize("option", configs.LIMITS)
def test_bad_limits_are_named(option: str, value: float) -> None:
    with pytest.raises(Problem, match=f"{option} is {value}: it must be between 0"):
        configs.check_limits({**NONE, option: value})
