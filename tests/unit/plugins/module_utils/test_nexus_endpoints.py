# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nexus endpoints: options, the server's answers, and what is sent."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import nexus_endpoints as nexus
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.workflows import to_payload
from hypothesis import given
from hypothesis import strategies as st

WORKER = {"worker": {"namespace": "n", "task_queue": "q"}, "external": None}
EXTERNAL = {"worker": None, "external": {"url": "https://example.org/x"}}


def wanted(**given: Any) -> dict[str, Any]:
    return nexus.read_wanted({"name": "some-endpoint", "description": None, "target": None, **given})


def answer(**spec: Any) -> dict[str, Any]:
    target = {"worker": {"namespace": "n", "taskQueue": "q"}}
    return {"id": "1", "version": "3", "spec": {"name": "some-endpoint", "target": target, **spec}}


def test_answers_have_the_shape_of_the_options() -> None:
    shown = nexus.summary(answer(description=to_payload("d")))
    assert shown == {
        "name": "some-endpoint",
        "id": "1",
        "version": 3,
        "description": "d",
        "target": {"worker": {"namespace": "n", "task_queue": "q"}},
    }
    assert nexus.summary(answer(target={"external": {"url": "u"}}))["target"] == {"external": {"url": "u"}}


@pytest.mark.parametrize("target", [WORKER, EXTERNAL])
@pytest.mark.parametrize("description", [None, "", "text"])
def test_options_left_out_keep_what_is_there(target: dict[str, Any], description: str | None) -> None:
    before = nexus.summary(answer(description=to_payload("d")))
    assert nexus.expected(wanted(), before) == before
    after = nexus.expected(wanted(target=target, description=description), before)
    assert after["description"] == ("d" if description is None else description)
    assert after["target"] == {key: value for key, value in target.items() if value}
    assert (after["id"], after["version"]) == ("1", 3)


def test_a_new_one_needs_a_target() -> None:
    with pytest.raises(Problem, match="target is not given, and endpoint some-endpoint is not there yet"):
        nexus.expected(wanted(), None)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "a"}, "name is 'a'"),
        ({"name": "1st"}, "name is '1st'"),
        ({"name": "end-"}, "name is 'end-'"),
        ({"name": "with_line"}, "name is 'with_line'"),
        ({"name": "a" * 201}, "not a usable name of an endpoint"),
        ({"description": "x" * 19001}, "description is 19001 bytes long"),
        ({"target": {**WORKER, "worker": {"namespace": " ", "task_queue": "q"}}}, "target.worker.namespace is ' '"),
        ({"target": {**WORKER, "worker": {"namespace": "n", "task_queue": ""}}}, "target.worker.task_queue is ''"),
        ({"target": {**EXTERNAL, "external": {"url": "ftp://x"}}}, "target.external.url is 'ftp://x'"),
        ({"target": {**EXTERNAL, "external": {"url": "https://x/" + "y" * 4096}}}, "the server takes 4096"),
    ],
)
def test_mistakes_are_named_with_their_option(given: dict[str, Any], said: str) -> None:
    with pytest.raises(Problem, match=re.escape(said)):
        wanted(**given)


@given(st.text(max_size=30))
def test_names_that_pass_are_what_the_server_takes(name: str) -> None:
    try:
        nexus.check_name(name)
    except Problem as problem:
        assert repr(name) in str(problem)
    else:
        # The server's own rule (service/frontend/nexus_endpoint_client.go).
        assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9\-]*[a-zA-Z0-9]", name)
