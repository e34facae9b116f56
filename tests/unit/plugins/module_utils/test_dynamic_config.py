# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which keys, values and constraints of dynamic configuration are refused for which server."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.aegis.temporal.plugins.module_utils.dynamic_config import (
    CONSTRAINTS,
    known_keys,
    normalized,
    problems,
)
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_config import dynamic_config
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import minor
from ansible_collections.aegis.temporal.plugins.plugin_utils.dynamic_config_keys import load

VERSIONS = yaml.safe_load((Path(__file__).parents[4] / "roles/runtime/vars/versions.yml").read_text())["versions"]
NEWEST = "1.32.2"


def wrong(values, version=NEWEST):
    return problems(values, load(), version, "values")[0]


def entry(value=1, **constraints):
    return {"value": value, "constraints": constraints}


def test_the_table_has_every_version_of_the_matrix():
    assert load()["versions"] == list(reversed(VERSIONS["server"]))
    for version in load()["versions"]:
        known, certain = known_keys(load(), version)
        assert certain
        assert len(known) > 400, version
        assert {scope for _key, _kind, scope in known.values()} <= {*CONSTRAINTS, "any"}
        kinds = {kind for _key, kind, _scope in known.values()}
        assert kinds <= {"bool", "int", "float", "string", "duration", "map", "typed", "any"}
    assert "any" not in kinds


@pytest.mark.parametrize("version", load()["versions"])
def test_the_role_s_own_keys_are_known_everywhere(version):
    own = dynamic_config({"temporal_version": version, "temporal_dynamic_config": {}})
    assert {"history.shutdownDrainDuration", "history.clientOwnershipCachingEnabled"} < set(own)
    assert ("system.enableInternodeClientKeepAlive" in own) == (minor(version) >= (1, 29))
    assert wrong(own, version) == []


def test_plain_values_and_entries():
    assert normalized({"b": 1, "a": [entry(2)]}) == {"a": [entry(2)], "b": [entry(1)]}
    assert normalized({"a": None}) == {"a": [entry(None)]}


@pytest.mark.parametrize(
    "values",
    [
        {"frontend.namespaceRPS": 2400},
        {
            "FRONTEND.NamespaceRps": [
                entry(2400),
                entry(10, namespace="n"),
                {"value": 1, "constraints": {"Namespace": "m"}},
            ]
        },
        {"frontend.namespaceRPS": [{"value": 1}, {"value": 2, "constraints": {"namespace": "n"}}]},
        {"matching.numTaskqueueReadPartitions": [entry(1, namespace="n", taskQueueName="q", taskType="Workflow")]},
        {"matching.numTaskqueueReadPartitions": [entry(1, taskType=2), entry(1, taskType="TASK_QUEUE_TYPE_NEXUS")]},
        {"frontend.shutdownDrainDuration": "1m30s"},
        {"frontend.shutdownDrainDuration": 0},
        {"system.operatorRPSRatio": 1},
        {"system.operatorRPSRatio": 0.5},
        {"history.ReplicationTaskProcessorErrorRetryWait": [entry("1s", shardID=4)]},
        {"frontend.enableServerVersionCheck": False},
        {"system.historyArchivalState": "disabled"},
    ],
)
def test_right(values):
    assert wrong(values) == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"frontend.namspaceRPS": 1}, ["server 1.32.2 does not know this key", "Do you mean frontend.namespaceRPS?"]),
        ({"zzz": 1}, ["values['zzz'] is 1", "Leave it out."]),
        ({"history.stickyTTL": "1s"}, ["(of the versions in the table, 1.24.2 to 1.24.2 do)"]),
        ({"frontend.rps": 1, "frontend.RPS": 2}, ["the same key as 'frontend.rps'", "Leave one"]),
        ({"frontend.rps": "10"}, ["values['frontend.rps'] is '10': not a whole number", "without quotes"]),
        ({"frontend.rps": 1.5}, ["not a whole number"]),
        ({"frontend.rps": True}, ["not a whole number"]),
        ({"frontend.rps": None}, ["not a whole number"]),
        ({"system.operatorRPSRatio": "0.5"}, ["not a number"]),
        ({"frontend.enableServerVersionCheck": "true"}, ["not a truth value", "without quotes"]),
        ({"frontend.enableServerVersionCheck": 1}, ["not a truth value"]),
        ({"system.historyArchivalState": 1}, ["not a text"]),
        ({"frontend.shutdownDrainDuration": "soon"}, ["not a duration", "10s"]),
        ({"frontend.shutdownDrainDuration": True}, ["not a duration"]),
        ({"frontend.rps": [1]}, ["not an entry of dynamic configuration"]),
        ({"frontend.rps": [{"value": 1, "constraint": {}}]}, ["not an entry"]),
        ({"frontend.rps": [{"value": 1, "constraints": "n"}]}, ["not a dictionary"]),
        ({"frontend.rps": [entry(1, namespace="n")]}, ["constraints['namespace'] is 'n'", "one value for all"]),
        ({"frontend.namespaceRPS": [entry(1, taskQueueName="q")]}, ["does not take", "Take one of namespace."]),
        ({"frontend.namespaceRPS": [entry(1, color="q")]}, ["does not take"]),
        ({"frontend.namespaceRPS": [entry(1, namespace=7)]}, ["is 7: not a text"]),
        ({"frontend.namespaceRPS": [entry(1, namespace="n"), entry(2, NAMESPACE="n")]}, ["a second entry"]),
        ({"matching.numTaskqueueReadPartitions": [entry(1, taskType="Query")]}, ["Workflow, Activity, Nexus"]),
        ({"history.ReplicationTaskProcessorErrorRetryWait": [entry("1s", shardID="4")]}, ["not a whole number"]),
    ],
)
def test_wrong(values, words):
    (problem,) = wrong(values)
    assert not [word for word in words if word not in problem], problem


def test_all_problems_at_once():
    assert len(wrong({"a.b": 1, "frontend.rps": [entry("x", namespace="n")]})) == 3


def test_an_unknown_patch_makes_unknown_keys_doubtful():
    certain, doubtful = problems({"new.key": 1, "frontend.rps": "x"}, load(), "1.32.99", "values")
    assert "not a whole number" in certain[0]
    assert "does not know this key" in doubtful[0]
    assert (len(certain), len(doubtful)) == (1, 1)


def test_a_minor_that_the_table_does_not_have():
    with pytest.raises(ValueError, match=r"no keys of server 1\.99\.0 are known"):
        wrong({}, "1.99.0")
