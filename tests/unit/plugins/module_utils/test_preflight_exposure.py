# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doors that are open beyond loopback are told in plain words, and only those."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_exposure import (
    exposure_warnings,
    is_loopback,
)

CLOSED = {
    "server": {"address": "127.0.0.1", "authorization": False, "mutual_tls": False},
    "server_metrics": {"address": "127.0.0.1"},
    "ui": {"address": "::1", "authentication": False, "read_only": False},
    "worker": {"address": "127.0.0.1", "token": False, "allowed": ["0.0.0.0/0"]},
    "worker_metrics": {"address": "localhost"},
    "database": {"addresses": ["127.0.0.1"], "clients": ["0.0.0.0/0"]},
}


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("[::1]", True), ("localhost", True), ("0.0.0.0", False), ("h", False)],
)
def test_is_loopback(address, expected):
    assert is_loopback(address) is expected


@pytest.mark.parametrize("exposure", [{}, CLOSED])
def test_nothing_open(exposure):
    assert exposure_warnings(exposure) == []


@pytest.mark.parametrize(
    ("exposure", "words"),
    [
        ({"server": {"address": "192.0.2.1", "authorization": False}}, ["listens on 192.0.2.1 without authentication"]),
        ({"server": {"address": "0.0.0.0"}}, ["listens on all addresses of the host without authentication"]),
        ({"proxy": {"address": "192.0.2.1"}}, ["HAProxy listens on 192.0.2.1", "asks for no authentication"]),
        ({"ui": {"address": "0.0.0.0", "authentication": False}}, ["end, signal and start", "switch its writes off"]),
        ({"ui": {"address": "h", "authentication": False, "read_only": True}}, ["may see every workflow"]),
        (
            {"worker": {"address": "::", "token": True, "allowed": ["127.0.0.1", "0.0.0.0/0"]}},
            ["admits every address (0.0.0.0/0)", "these run commands"],
        ),
        (
            {"worker": {"address": "0.0.0.0", "token": False, "allowed": ["127.0.0.1", "192.0.2.9"]}},
            ["guarded by address alone: 192.0.2.9 may"],
        ),
        (
            {
                "worker": {"address": "127.0.0.1", "token": True, "allowed": ["127.0.0.1"]},
                "worker_registration": {"address": "0.0.0.0", "allowed": ["::/0"]},
            },
            ["The worker's registration listens on all addresses", "every address (::/0)", "these run commands"],
        ),
        (
            {
                "worker": {"address": "192.0.2.1", "token": True, "allowed": ["0.0.0.0/0"]},
                "worker_registration": {"address": "192.0.2.1", "allowed": ["192.0.2.9"]},
            },
            ["The worker's API listens on 192.0.2.1", "may list workflow definitions"],
        ),
        (
            {
                "worker": {"address": "192.0.2.1", "token": False, "allowed": ["0.0.0.0/0"]},
                "worker_registration": {"address": "127.0.0.1", "allowed": ["0.0.0.0/0"]},
            },
            ["may list and delete workflow definitions"],
        ),
        (
            {
                "worker": {"address": "127.0.0.1", "token": False, "allowed": ["192.0.2.9"]},
                "worker_registration": {"address": "192.0.2.1", "allowed": ["127.0.0.1", "192.0.2.9"]},
            },
            ["The worker's registration on 192.0.2.1 is guarded by address alone: 192.0.2.9 may register"],
        ),
        ({"worker_metrics": {"address": "0.0.0.0"}}, ["The metrics of the worker"]),
        ({"server_metrics": {"address": "192.0.2.1"}}, ["The metrics of Temporal Server"]),
        ({"database": {"addresses": ["192.0.2.1"], "clients": ["::/0"]}}, ["admits logins from every address (::/0)"]),
    ],
)
def test_each_open_door_is_one_warning(exposure, words):
    (warning,) = exposure_warnings(exposure)
    assert all(word in warning for word in words)


@pytest.mark.parametrize(
    "exposure",
    [
        {"server": {"address": "0.0.0.0", "authorization": True}},
        {"server": {"address": "0.0.0.0", "mutual_tls": True}},
        {"ui": {"address": "0.0.0.0", "authentication": True}},
        {"proxy": {"address": "127.0.0.1"}},
        {"proxy": {"address": "0.0.0.0", "authorization": False, "mutual_tls": True}},
        {"worker": {"address": "0.0.0.0", "token": True, "allowed": ["192.0.2.9"]}},
        {"worker": {"address": "0.0.0.0", "token": False, "allowed": ["127.0.0.1", "::1"]}},
        {
            "worker": {"address": "192.0.2.1", "token": True, "allowed": ["192.0.2.9"]},
            "worker_registration": {"address": "192.0.2.1", "allowed": ["192.0.2.10"]},
        },
        {"database": {"addresses": ["0.0.0.0"], "clients": ["192.0.2.0/24"]}},
    ],
)
def test_guarded_doors_are_no_warning(exposure):
    assert exposure_warnings(exposure) == []


def test_an_open_api_and_an_open_registration_are_two_doors():
    found = exposure_warnings(
        {
            "worker": {"address": "192.0.2.1", "token": False, "allowed": ["0.0.0.0/0"]},
            "worker_registration": {"address": "0.0.0.0", "allowed": ["0.0.0.0/0"]},
        }
    )
    assert [warning.partition(" listens")[0] for warning in found] == ["The worker's API", "The worker's registration"]


def test_read_only_ui_is_not_said_to_change_anything():
    (warning,) = exposure_warnings({"ui": {"address": "0.0.0.0", "authentication": False, "read_only": True}})
    assert "start workflows" not in warning
    assert "writes off" not in warning
