# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What restarting and removing hosts derives from the inventory."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import lifecycle


def _node(host, address, *services):
    return {"host": host, "address": address, "services": list(services)}


NODES = [
    _node("a", "192.0.2.1", "history", "frontend"),
    _node("b", "2001:db8::2", "history"),
    _node("c", "192.0.2.3", "worker"),
]


def test_every_history_host_tells_its_shards():
    hostvars = {"a": {"temporal_bind_address": "0.0.0.0"}, "b": {"temporal_metrics_port": "9191"}, "c": {}}
    assert lifecycle.shard_metrics(NODES, hostvars) == [
        "http://192.0.2.1:9090/metrics",
        "http://[2001:db8::2]:9191/metrics",
    ]


@pytest.mark.parametrize("hidden", [{"temporal_metrics_port": 0}, {"temporal_metrics_bind_address": "127.0.0.1"}])
def test_one_that_tells_nobody_leaves_nothing_to_compare(hidden):
    assert lifecycle.shard_metrics(NODES, {"a": {}, "b": hidden, "c": {}}) == []


def test_a_port_that_is_none_is_named():
    with pytest.raises(ValueError, match="temporal_metrics_port of host b is 'many'"):
        lifecycle.shard_metrics(NODES, {"a": {}, "b": {"temporal_metrics_port": "many"}, "c": {}})
