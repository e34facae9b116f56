# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A password reaches Temporal's programs unharmed."""

from __future__ import annotations

from urllib.parse import parse_qs, quote_plus, unquote

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.sql_password import (
    config_fields,
    masked,
    problem,
    tool_environment,
)

NASTY = "a'b\"c$d{{e}}f\\ü#%+&@/:?g"


def test_plain():
    assert config_fields(NASTY) == {"password": NASTY}
    assert tool_environment(NASTY) == {"SQL_PASSWORD": NASTY}


def test_the_servers_url_keeps_all_but_spaces():
    # What the server does with the field (QueryEscape into the login part), and what its driver reads from it.
    assert unquote(quote_plus(NASTY)) == NASTY
    assert unquote(quote_plus("a b")) != "a b"


def test_spaces_travel_as_attribute():
    password = "a b" + NASTY
    assert config_fields(password) == {"connectAttributes": {"password": password}}
    environment = tool_environment(password)
    assert list(environment) == ["SQL_CONNECT_ATTRIBUTES"]
    assert parse_qs(environment["SQL_CONNECT_ATTRIBUTES"]) == {"password": [password]}


@pytest.mark.parametrize("password", [" a", "a ", "a\n", "a\tb", "a\x00b"])
def test_unusable(password):
    text = problem(password)
    assert text is not None
    assert password not in text


def test_usable():
    assert problem(NASTY) is None


def test_masked_also_inside_a_url():
    text = "cannot parse postgres://u:%s@h and %s" % (quote_plus(NASTY), NASTY)
    assert masked(text, NASTY) == "cannot parse postgres://u:********@h and ********"
    assert masked("unchanged", "") == "unchanged"
