# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archival of namespaces: what is sent for which difference, and what the server would not do."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils import namespace_archival
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from hypothesis import given
from hypothesis import strategies as st

NEVER = {
    "history_archival_state": "disabled",
    "history_archival_uri": "",
    "visibility_archival_state": "disabled",
    "visibility_archival_uri": "",
}
ENABLED = NEVER | {"history_archival_state": "enabled", "history_archival_uri": "file:///a"}
STOPPED = NEVER | {"history_archival_uri": "file:///a"}
uris = st.none() | st.sampled_from(["file:///a", "s3://b"])
states = st.none() | st.sampled_from(["enabled", "disabled"])


def wanted(**options: Any) -> tuple[namespace_archival.Archival, ...]:
    return namespace_archival.read_archival("n", options)


def history(state: str | None = None, uri: str | None = None) -> tuple[namespace_archival.Archival, ...]:
    return wanted(history_archival_state=state, history_archival_uri=uri)


@pytest.mark.parametrize(
    ("aim", "live", "body"),
    [
        (history(), None, {}),
        (history(), ENABLED, {}),
        (history("disabled"), None, {"historyArchivalState": "ARCHIVAL_STATE_DISABLED"}),
        (history("disabled"), NEVER, {}),
        (history("disabled"), ENABLED, {"historyArchivalState": "ARCHIVAL_STATE_DISABLED"}),
        (history("enabled"), STOPPED, {"historyArchivalState": "ARCHIVAL_STATE_ENABLED"}),
        (history("enabled", "file:///a"), ENABLED, {}),
        (history(None, "file:///a"), STOPPED, {}),
        (history(None, "file:///a"), NEVER, {"historyArchivalUri": "file:///a"}),
        (
            history("enabled", "file:///a"),
            None,
            {"historyArchivalState": "ARCHIVAL_STATE_ENABLED", "historyArchivalUri": "file:///a"},
        ),
        (
            wanted(visibility_archival_state="enabled", visibility_archival_uri="s3://b"),
            ENABLED,
            {"visibilityArchivalState": "ARCHIVAL_STATE_ENABLED", "visibilityArchivalUri": "s3://b"},
        ),
    ],
)
def test_only_what_differs_is_sent(
    aim: tuple[namespace_archival.Archival, ...], live: dict[str, str] | None, body: dict[str, str]
) -> None:
    assert namespace_archival.archival_request("n", aim, live) == body


@pytest.mark.parametrize("live", [ENABLED, STOPPED])
def test_the_first_uri_stays_for_life(live: dict[str, str]) -> None:
    with pytest.raises(Problem, match=r"history_archival_uri of namespace n is 'file:///a' and cannot become 's3://b'"):
        namespace_archival.archival_request("n", history("enabled", "s3://b"), live)


@pytest.mark.parametrize("live", [None, NEVER])
def test_nothing_is_enabled_without_a_uri(live: dict[str, str] | None) -> None:
    with pytest.raises(Problem, match="Set history_archival_uri"):
        namespace_archival.archival_request("n", history("enabled"), live)


@pytest.mark.parametrize("uri", ["", "archive", "/var/archive", "file://", "file:/var", "FILE:///a", "s3://a b"])
def test_what_is_no_uri_is_named(uri: str) -> None:
    with pytest.raises(Problem) as caught:
        history("enabled", uri)
    assert f"history_archival_uri of namespace n is {uri!r}: not a URI" in str(caught.value)


def test_what_the_server_left_alone_is_told() -> None:
    namespace_archival.check_taken("n", history("enabled", "file:///a"), ENABLED)
    namespace_archival.check_taken("n", history("disabled"), NEVER)
    for aim in (history("enabled", "file:///a"), history(None, "file:///a")):
        with pytest.raises(Problem, match="left history archival of namespace n disabled"):
            namespace_archival.check_taken("n", aim, NEVER)


def test_reads_the_servers_answer() -> None:
    config = {"historyArchivalState": "ARCHIVAL_STATE_ENABLED", "historyArchivalUri": "file:///a"}
    assert namespace_archival.archival_of(config) == ENABLED
    assert namespace_archival.archival_of({}) == NEVER


@given(states, uris, st.sampled_from([None, NEVER, ENABLED, STOPPED]))
def test_what_is_sent_ends_as_expected(state: str | None, uri: str | None, live: dict[str, str] | None) -> None:
    """After the request nothing is left to send, and the server has taken it."""
    aim = history(state, uri)
    try:
        namespace_archival.archival_request("n", aim, live)
    except Problem:
        return
    after = namespace_archival.expected_archival(aim, live)
    assert namespace_archival.archival_request("n", aim, after) == {}
    namespace_archival.check_taken("n", aim, after)
