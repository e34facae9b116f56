# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``host_preflight`` is to look at for the roles ``temporal`` and ``temporal_ui``."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import ports

Settings = t.Mapping[str, t.Any]
Needs = t.Dict[str, t.List[t.Dict[str, t.Any]]]

# Unpacked server, sql-tool and probe are 165 MB; the previous version stays beside the new one.
SERVER_MINIMUM_FREE_BYTES = 400 * 1024 * 1024
UI_MINIMUM_FREE_BYTES = 100 * 1024 * 1024


def _path(install_root: str, minimum: int) -> dict[str, t.Any]:
    return {"path": install_root, "minimum_free_bytes": minimum, "variable": "runtime_install_root"}


def temporal_needs(settings: Settings, install_root: str) -> Needs:
    """Return ``ports`` and ``paths`` of a server: each service's ports on the bind address, and the metrics port."""
    wanted = []
    for service in settings["temporal_services"]:
        for key, port in ports(settings, service).items():
            wanted.append(
                {
                    "port": port,
                    "address": str(settings["temporal_bind_address"]),
                    "unit": "temporal-server.service",
                    "variable": "temporal_service_settings.%s.%s" % (service, key),
                }
            )
    if settings["temporal_metrics_port"]:
        wanted.append(
            {
                "port": int(settings["temporal_metrics_port"]),
                "address": str(settings["temporal_metrics_bind_address"]),
                "unit": "temporal-server.service",
                "variable": "temporal_metrics_port",
            }
        )
    return {"ports": wanted, "paths": [_path(install_root, SERVER_MINIMUM_FREE_BYTES)]}


def temporal_ui_needs(settings: Settings, install_root: str) -> Needs:
    """Return ``ports`` and ``paths`` of a user interface."""
    wanted = {
        "port": int(settings["temporal_ui_port"]),
        "address": str(settings["temporal_ui_bind_address"]),
        "unit": "temporal-ui.service",
        "variable": "temporal_ui_port",
    }
    return {"ports": [wanted], "paths": [_path(install_root, UI_MINIMUM_FREE_BYTES)]}


def merged(needs: t.Sequence[Needs]) -> Needs:
    """Join what several roles need of one host."""
    return {key: [entry for one in needs for entry in one[key]] for key in ("ports", "paths")}
