# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection options: what follows from what, and refusals that name the option."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.connection import (
    connection_argument_spec,
    read_connection,
)
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem
from hypothesis import given
from hypothesis import strategies as st


def params(**given: Any) -> dict[str, Any]:
    """Options as AnsibleModule hands them over."""
    return {name: spec.get("default") for name, spec in connection_argument_spec().items()} | given


@pytest.mark.parametrize(
    ("given", "address", "http_url", "tls"),
    [
        ({}, "127.0.0.1:7233", "http://127.0.0.1:7243", False),
        ({"address": "db.example:17233"}, "db.example:17233", "http://db.example:7243", False),
        ({"address": "db.example"}, "db.example:7233", "http://db.example:7243", False),
        ({"address": "[2001:db8::1]:7233"}, "[2001:db8::1]:7233", "http://[2001:db8::1]:7243", False),
        ({"http_url": "http://t.example:1234"}, "t.example:7233", "http://t.example:1234", False),
        ({"http_url": "http://[::1]:1234"}, "[::1]:7233", "http://[::1]:1234", False),
        ({"http_url": "https://t.example/temporal"}, "t.example:7233", "https://t.example/temporal", True),
        ({"http_url": "http://a:1", "address": "b:2"}, "b:2", "http://a:1", False),
        ({"tls": True}, "127.0.0.1:7233", "https://127.0.0.1:7243", True),
        ({"api_key": "k"}, "127.0.0.1:7233", "https://127.0.0.1:7243", True),
        ({"tls_server_name": "x"}, "127.0.0.1:7233", "https://127.0.0.1:7243", True),
        ({"api_key": "k", "tls": False}, "127.0.0.1:7233", "http://127.0.0.1:7243", False),
        ({"api_key": "k", "tls": False, "http_url": "http://a:1"}, "a:7233", "http://a:1", False),
        # An empty environment variable is no value.
        ({"address": "", "api_key": "", "ca_path": ""}, "127.0.0.1:7233", "http://127.0.0.1:7243", False),
    ],
)
def test_what_is_left_out_follows(given: dict[str, Any], address: str, http_url: str, tls: bool) -> None:
    connection = read_connection(params(**given))
    assert (connection.address, connection.http.base_url, connection.tls) == (address, http_url, tls)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"address": "http://a:1"}, "address is 'http://a:1'"),
        ({"address": "a:b"}, "address is 'a:b'"),
        ({"address": "a:70000"}, "address is 'a:70000'"),
        ({"address": "a:0"}, "address is 'a:0'"),
        ({"address": "a b:1"}, "address is 'a b:1'"),
        ({"address": ":7233"}, "address is ':7233'"),
        ({"http_url": "a:7243"}, "http_url is 'a:7243'"),
        ({"http_url": "ftp://a"}, "http_url is 'ftp://a'"),
        ({"http_url": "http://"}, "http_url is 'http://'"),
        ({"http_url": "http://a:99999"}, "http_url is 'http://a:99999'"),
        ({"http_url": "http://a?x=1"}, "http_url is"),
        ({"http_url": "http://user:secret@a"}, "http_url is"),
        ({"http_url": "http://a", "tls": True}, "tls is true"),
        ({"http_url": "https://a", "tls": False}, "tls is false"),
        ({"http_url": "http://a", "api_key": "k"}, "api_key"),
        ({"timeout": 0.0}, "timeout is 0"),
        ({"timeout": float("nan")}, "timeout is nan"),
        ({"retries": -1}, "retries is -1"),
        ({"client_cert": "/x"}, "client_cert and client_key"),
        ({"ca_path": "/does/not/exist.pem"}, "ca_path is '/does/not/exist.pem'"),
    ],
)
def test_refusals_name_the_option(given: dict[str, Any], named: str) -> None:
    with pytest.raises(Problem) as caught:
        read_connection(params(**given))
    assert named in str(caught.value)


def test_files_reach_the_client(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).touch()
    ca, cert, key = (str(tmp_path / name) for name in ("ca.pem", "cert.pem", "key.pem"))
    connection = read_connection(params(ca_path=ca, client_cert=cert, client_key=key, tls_server_name="frontend"))
    tls = connection.http.tls
    assert (tls.ca_path, tls.client_cert, tls.client_key, tls.server_name, tls.verify) == (
        ca,
        cert,
        key,
        "frontend",
        True,
    )


def test_the_key_is_in_no_representation() -> None:
    assert "hush" not in repr(read_connection(params(api_key="hush")))


@given(st.text())
def test_any_address_is_read_or_refused(text: str) -> None:
    try:
        connection = read_connection(params(address=text))
    except Problem as problem:
        assert repr(text) in str(problem)
    else:
        assert connection.address.rpartition(":")[2].isdigit()


@given(st.text())
def test_any_url_is_taken_as_it_is_or_refused(text: str) -> None:
    try:
        connection = read_connection(params(http_url=text))
    except Problem as problem:
        assert repr(text) in str(problem)
    else:
        assert connection.http.base_url == (text or "http://127.0.0.1:7243")
