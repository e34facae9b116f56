# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration file of Temporal UI."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ansible_collections.aegis.temporal.plugins.module_utils.temporal_config import local_address, merged, redacted
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import Settings, endpoint


def public_url(settings: Settings) -> str:
    """Return the URL under which browsers find the UI: temporal_ui_public_url, else where it listens."""
    return str(settings["temporal_ui_public_url"] or "") or "http://" + endpoint(
        local_address(str(settings["temporal_ui_bind_address"])), int(settings["temporal_ui_port"])
    )


def _origins(url: str) -> list[str]:
    """Return the origins that are the UI itself; on loopback a browser knows it under two names."""
    parts = urlsplit(url)
    result = ["%s://%s" % (parts.scheme, parts.netloc)]
    if parts.hostname in ("127.0.0.1", "::1"):
        port = "" if parts.port is None else ":%d" % parts.port
        result.append("%s://localhost%s" % (parts.scheme, port))
    return result


def ui_config(settings: Settings) -> dict[str, t.Any]:
    """Return the configuration, secrets of temporal_ui_config_overrides included.

    Write actions need a cookie that browsers refuse to store from plain HTTP unless it is marked insecure, so that
    switch follows the public URL. UI 2.26 shows no pages without enableUi.
    """
    url = public_url(settings)
    config: dict[str, t.Any] = {
        "temporalGrpcAddress": settings["temporal_ui_temporal_address"],
        "host": str(settings["temporal_ui_bind_address"]),
        "port": int(settings["temporal_ui_port"]),
        "publicPath": urlsplit(url).path.rstrip("/"),
        "enableUi": True,
        "defaultNamespace": settings["temporal_ui_default_namespace"],
        "showTemporalSystemNamespace": bool(settings["temporal_ui_show_system_namespace"]),
        "disableWriteActions": bool(settings["temporal_ui_disable_write_actions"]),
        "notifyOnNewVersion": False,
        "cors": {
            "allowOrigins": [*_origins(url), *settings["temporal_ui_extra_origins"]],
            "cookieInsecure": urlsplit(url).scheme == "http",
        },
        "auth": {"enabled": False},
    }
    return merged(config, settings["temporal_ui_config_overrides"])


def health_url(settings: Settings) -> str:
    """Return the URL at which this host asks its own UI for health."""
    address = local_address(str(settings["temporal_ui_bind_address"]))
    tls = settings["temporal_ui_config_overrides"].get("uiServerTLS") or {}
    return "%s://%s/healthz" % (
        "https" if tls.get("certFile") else "http",
        endpoint(address, int(settings["temporal_ui_port"])),
    )


def deployment(settings: Settings) -> dict[str, t.Any]:
    """Return everything the role's tasks put on the host; see the functions of this module."""
    config = ui_config(settings)
    return {
        "config": config,
        "redacted": redacted(config),
        "public_url": public_url(settings),
        "health": [{"url": health_url(settings), "status": 200}],
    }
