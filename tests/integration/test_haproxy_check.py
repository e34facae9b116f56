# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bytes with which HAProxy asks for health, sent to a real frontend and to a service that is none."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.haproxy_check import health_check
from loopback_stack import TemporalStack

SECONDS = 10


def _answered(address: str, wanted: bytes) -> bytes:
    """What comes back until ``wanted`` is in it, or nothing more comes."""
    host, port = address.split(":")
    got = b""
    with socket.create_connection((host, int(port)), SECONDS) as connection:
        connection.settimeout(SECONDS)
        connection.sendall(bytes.fromhex(health_check()["send"]))
        while wanted not in got:
            try:
                part = connection.recv(4096)
            except TimeoutError:
                break
            if not part:
                break
            got += part
    return got


def test_a_frontend_answers_that_it_is_serving(temporal_stack: TemporalStack) -> None:
    check = health_check()
    got = _answered(temporal_stack.server.grpc_address("frontend"), bytes.fromhex(check["serving"]))
    assert bytes.fromhex(check["answer"]) in got
    assert bytes.fromhex(check["serving"]) in got


@pytest.mark.parametrize("service", ["history", "matching"])
def test_another_service_does_not(temporal_stack: TemporalStack, service: str) -> None:
    """It has health, too, but not by the frontend's name."""
    check = health_check()
    got = _answered(temporal_stack.server.grpc_address(service), b"unknown service")
    assert got
    assert bytes.fromhex(check["answer"]) not in got
