# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role temporal_ui refuses, and the configuration that it writes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_temporal_ui import problems
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_ui_config import deployment, ui_config

TABLE = Path(__file__).parents[4] / "roles/runtime/vars/versions.yml"
VERSIONS = yaml.safe_load(TABLE.read_text())["versions"]

SOUND = {
    "temporal_ui_version": "2.56.0",
    "temporal_ui_install_method": "archive",
    "temporal_ui_bind_address": "127.0.0.1",
    "temporal_ui_port": 8233,
    "temporal_ui_public_url": "",
    "temporal_ui_extra_origins": [],
    "temporal_ui_temporal_address": "10.0.0.11:7233",
    "temporal_ui_default_namespace": "default",
    "temporal_ui_show_system_namespace": False,
    "temporal_ui_disable_write_actions": False,
    "temporal_ui_config_overrides": {},
    "temporal_ui_health_timeout": 60,
}


def found(**changes):
    return problems({**SOUND, **changes}, VERSIONS)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"temporal_ui_version": "2.60.1"},
        {"temporal_ui_bind_address": "0.0.0.0"},
        {"temporal_ui_temporal_address": "[fd00::1]:7233"},
        {"temporal_ui_temporal_address": "frontend.example.com:7233"},
        {"temporal_ui_public_url": "https://example.com/temporal"},
        {"temporal_ui_extra_origins": ["https://a.example", "http://b.example:8080/"]},
    ],
)
def test_allowed(changes):
    assert found(**changes) == []


REFUSED = [
    ({"temporal_ui_version": "2.56"}, "temporal_ui_version is '2.56': not a version"),
    ({"temporal_ui_install_method": "image"}, "not a way to install on the host"),
    ({"temporal_ui_install_method": "x"}, "temporal_ui_install_method is 'x': unknown"),
    ({"temporal_ui_bind_address": "localhost"}, "temporal_ui_bind_address is 'localhost': not an IP address"),
    ({"temporal_ui_port": 80}, "temporal_ui_port is 80: ports below 1024"),
    ({"temporal_ui_port": 99999}, "temporal_ui_port is 99999: not a port number"),
    ({"temporal_ui_temporal_address": ""}, "not the gRPC address of a frontend"),
    ({"temporal_ui_temporal_address": "10.0.0.11"}, "not the gRPC address of a frontend"),
    ({"temporal_ui_temporal_address": "http://a:7233"}, "not the gRPC address of a frontend"),
    ({"temporal_ui_temporal_address": "a:99999"}, "not the gRPC address of a frontend"),
    ({"temporal_ui_public_url": "temporal.example.com"}, "not an http or https URL"),
    ({"temporal_ui_public_url": "https://a:99999"}, "not an http or https URL"),
    ({"temporal_ui_public_url": "https://me:secret@a"}, "temporal_ui_public_url has a login"),
    ({"temporal_ui_extra_origins": ["https://a/path"]}, "an origin has no path"),
    ({"temporal_ui_default_namespace": ""}, "temporal_ui_default_namespace is '': empty"),
    ({"temporal_ui_config_overrides": []}, "temporal_ui_config_overrides is not a dictionary"),
    ({"temporal_ui_health_timeout": 0}, "temporal_ui_health_timeout is 0"),
]


@pytest.mark.parametrize(("changes", "text"), REFUSED, ids=[str(changes)[:60] for changes, _ in REFUSED])
def test_refused_with_name_and_fix(changes, text):
    (problem,) = found(**changes)
    assert text in problem
    assert "secret" not in problem


def config(**changes):
    return ui_config({**SOUND, **changes})


def test_config():
    result = config()
    assert result["enableUi"] is True
    assert (result["host"], result["port"]) == ("127.0.0.1", 8233)
    assert result["temporalGrpcAddress"] == "10.0.0.11:7233"
    assert result["publicPath"] == ""
    assert result["auth"] == {"enabled": False}
    assert result["disableWriteActions"] is False


def test_cors_of_loopback_knows_both_names():
    assert config()["cors"] == {
        "allowOrigins": ["http://127.0.0.1:8233", "http://localhost:8233"],
        "cookieInsecure": True,
    }


def test_cors_of_a_public_url():
    result = config(
        temporal_ui_public_url="https://example.com/temporal/", temporal_ui_extra_origins=["https://other.example"]
    )
    assert result["cors"] == {"allowOrigins": ["https://example.com", "https://other.example"], "cookieInsecure": False}
    assert result["publicPath"] == "/temporal"


def test_cors_of_all_addresses():
    assert config(temporal_ui_bind_address="0.0.0.0")["cors"]["allowOrigins"][0] == "http://127.0.0.1:8233"
    assert config(temporal_ui_bind_address="10.0.0.9")["cors"]["allowOrigins"] == ["http://10.0.0.9:8233"]


def test_overrides():
    overrides = {"auth": {"enabled": True, "providers": [{"clientSecret": "hush"}]}, "cors": {"cookieInsecure": False}}
    result = deployment({**SOUND, "temporal_ui_config_overrides": overrides})
    assert result["config"]["auth"]["providers"] == [{"clientSecret": "hush"}]
    assert result["config"]["cors"]["allowOrigins"]
    assert "hush" not in str(result["redacted"])


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "http://127.0.0.1:8233/healthz"),
        ({"temporal_ui_bind_address": "::"}, "http://[::1]:8233/healthz"),
        ({"temporal_ui_config_overrides": {"uiServerTLS": {"certFile": "/c"}}}, "https://127.0.0.1:8233/healthz"),
    ],
)
def test_health(changes, url):
    assert deployment({**SOUND, **changes})["health"] == [{"url": url, "status": 200}]
