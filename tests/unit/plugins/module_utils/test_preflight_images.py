# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the role images: what is right passes, each mistake is named with its variable."""

from __future__ import annotations

import pytest
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_images import problems

RIGHT = {
    "components": ["server", "ui", "worker", "postgres"],
    "base": "debian:bookworm-slim",
    "repository": "aegis-temporal",
    "install_method": "archive",
    "server_version": "1.32.2",
    "ui_version": "2.56.0",
    "registry": "",
    "registry_username": "",
    "registry_password_is_set": False,
    "archive_directory": "",
    "versions": {
        "server": {"1.32.2": {}, "1.31.5": {}},
        "ui": {"2.56.0": {}},
        "retracted": {"1.30.0": "retracted by its authors; take 1.30.9"},
    },
}


@pytest.mark.parametrize(
    "right",
    [
        {},
        {"components": ["worker"], "install_method": "source"},
        {"registry": "registry.example.com"},
        {"registry": "127.0.0.1:5000/team/temporal", "registry_username": "ci", "registry_password_is_set": True},
        {"archive_directory": "/srv/images", "repository": "team/aegis.temporal_x"},
    ],
)
def test_right_variables_pass(right):
    assert problems({**RIGHT, **right}) == []


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"components": ["server", "admin"]}, "images_components is ['server', 'admin']"),
        ({"components": []}, "images_components is []"),
        ({"base": " "}, "images_base is empty"),
        ({"install_method": "preinstalled"}, "images_install_method is 'preinstalled'"),
        ({"repository": "Aegis"}, "images_repository is 'Aegis'"),
        ({"repository": "aegis:1"}, "images_repository is 'aegis:1'"),
        ({"repository": "aegis\n"}, "images_repository is 'aegis\\n'"),
        ({"server_version": "1.99.0"}, "images_server_version is '1.99.0': not known; take one of 1.31.5, 1.32.2"),
        ({"server_version": "1.30.0"}, "retracted by its authors; take 1.30.9"),
        ({"ui_version": "v2.56.0"}, "images_ui_version is 'v2.56.0'"),
        ({"registry": "https://registry.example.com"}, "images_registry is 'https://registry.example.com'"),
        (
            {"registry": "r.example.com", "registry_username": "ci"},
            "images_registry_password is empty: set both the username and the password",
        ),
        (
            {"registry": "r.example.com", "registry_password_is_set": True},
            "images_registry_username is empty: set both the username and the password",
        ),
        ({"registry_username": "ci", "registry_password_is_set": True}, "images_registry is empty"),
        ({"archive_directory": "images"}, "images_archive_directory is 'images'"),
    ],
)
def test_each_mistake_is_named(wrong, named):
    found = problems({**RIGHT, **wrong})
    assert len(found) == 1
    assert named in found[0]


def test_all_mistakes_are_told_at_once():
    assert len(problems({**RIGHT, "components": [], "repository": "A", "registry": "https://x"})) == 3
