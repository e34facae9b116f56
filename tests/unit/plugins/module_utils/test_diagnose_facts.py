# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks registered on all hosts becomes the facts of one diagnosis."""

from __future__ import annotations

import yaml
from ansible_collections.aegis.temporal.plugins.module_utils import diagnose_facts


def test_what_all_hosts_said_is_joined():
    config = {"text": "persistence: {numHistoryShards: 4}", "error": None}
    seen = {"host": {"time": 1.0, "files": {diagnose_facts.SERVER_CONFIG: config}}, "bundle": {"df.txt": "x"}}
    told = {"server_version": "1.31.5", "cluster_name": "blue", "history_shards": 4, "stop_timeout": 50}
    hostvars = {
        "database": {"group_names": ["postgres"], "__diagnose_host": {"unreachable": True, "msg": "no route"}},
        "server": {
            "group_names": ["temporal", "temporal_ui"],
            "__diagnose_host": seen,
            "__diagnose_told": told,
            "__diagnose_database": {"stores": {"default": {}}, "schema": {"refusal": None}},
        },
    }
    default = {"server_version": "1.32.2", "cluster_name": "active", "connection_demand": 3}
    facts = diagnose_facts.facts(hostvars, ["database", "server"], default, {}, yaml.safe_load)
    # The variables of the host that reports are those of a host without a server.
    assert facts["expected"] == {**default, "server_version": "1.31.5", "cluster_name": "blue", "history_shards": 4}
    assert facts["hosts"]["database"]["error"] == "no route"
    assert facts["hosts"]["server"]["parts"] == ["server", "ui"]
    assert facts["hosts"]["server"]["server_config"] == {"persistence": {"numHistoryShards": 4}}
    assert facts["schema"] == {"refusal": None}
    assert diagnose_facts.bundle(hostvars, ["database", "server"]) == {"server/df.txt": "x"}


def test_what_a_part_has():
    assert diagnose_facts.parts(["all", "haproxy", "temporal_worker", "postgres"]) == [
        "postgres",
        "haproxy",
        "worker",
    ]
    assert diagnose_facts.units(["ui"]) == [{"name": "temporal-ui.service", "part": "ui"}]
    assert diagnose_facts.paths(["worker"]) == []
    assert [item["part"] for item in diagnose_facts.worker_urls(["http://a:3000"])] == ["worker", "metrics"]
