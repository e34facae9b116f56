# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frontends: which are waited for, each until it was satisfied once, and who is behind in the end."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.connection import Connection
from ansible_collections.aegis.temporal.plugins.module_utils.frontends import read_frontends, wait_for_all
from ansible_collections.aegis.temporal.plugins.module_utils.http_client import REFUSED, HttpOptions, HttpProblem
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_http import TemporalHttp, TemporalProblem

PLAIN = Connection("a:7233", False, HttpOptions("http://a:7243", bearer="token"))
SECURED = Connection("a:7233", True, HttpOptions("https://a:7243"))


def urls(frontends: list[TemporalHttp]) -> list[str]:
    return [frontend.options.base_url for frontend in frontends]


def test_each_is_there_once_with_the_same_credentials_and_without_retries() -> None:
    frontends = read_frontends(PLAIN, ["http://a:7243/", "http://b:7243", "http://a:7243", "http://b:7243/"])
    assert urls(frontends) == ["http://a:7243", "http://b:7243"]
    assert {(frontend.options.bearer, frontend.options.retries) for frontend in frontends} == {("token", 0)}


@pytest.mark.parametrize(
    ("connection", "url", "message"),
    [
        (PLAIN, "b:7243", "not a base URL"),
        (PLAIN, "https://b:7243", "all use TLS or none does"),
        (SECURED, "http://b:7243", "all use TLS or none does"),
    ],
)
def test_what_does_not_fit_is_refused(connection: Connection, url: str, message: str) -> None:
    with pytest.raises(Problem, match=message):
        read_frontends(connection, [url])


def test_one_that_was_satisfied_is_not_asked_again() -> None:
    frontends = read_frontends(PLAIN, ["http://b:7243"])
    asked: list[str] = []

    def look(frontend: TemporalHttp) -> bool:
        url = frontend.options.base_url
        asked.append(url)
        return url == "http://a:7243" or asked.count(url) > 2

    wait_for_all(frontends, look, "x is known", 60, 0)
    assert asked == ["http://a:7243", *["http://b:7243"] * 3]


def test_trouble_that_may_pass_is_waited_out() -> None:
    passing = [TemporalProblem("not yet", 503), TemporalProblem("namespace rate limit exceeded", 429)]
    answers = iter([HttpProblem(REFUSED, "refused"), *passing, None])

    def look(_frontend: TemporalHttp) -> bool:
        problem = next(answers)
        if problem:
            raise problem
        return True

    wait_for_all(read_frontends(PLAIN, []), look, "x is known", 60, 0)


def test_other_trouble_is_not() -> None:
    def look(_frontend: TemporalHttp) -> bool:
        raise TemporalProblem("forbidden", 403)

    with pytest.raises(TemporalProblem, match="forbidden"):
        wait_for_all(read_frontends(PLAIN, []), look, "x is known", 60, 0)


def test_those_that_are_behind_are_named_with_their_trouble() -> None:
    def look(frontend: TemporalHttp) -> bool:
        if frontend.options.base_url == "http://c:7243":
            raise HttpProblem(REFUSED, "Nothing listens.")
        return frontend.options.base_url == "http://a:7243"

    with pytest.raises(Problem) as caught:
        wait_for_all(read_frontends(PLAIN, ["http://b:7243", "http://c:7243"]), look, "x is known", 0, 0)
    assert str(caught.value) == (
        "Not after 0 seconds (wait_timeout): x is known. Still behind: http://b:7243, http://c:7243 (Nothing listens.)."
    )
