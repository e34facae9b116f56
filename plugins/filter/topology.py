# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that derive the deployment's topology from the inventory alone."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.aegis.temporal.plugins.module_utils.topology import (
    TopologyError,
    declared,
    deployment_size,
    topology,
)


def _topology(groups: t.Any, hostvars: t.Any) -> dict[str, t.Any]:
    try:
        return topology(groups, hostvars)
    except TopologyError as error:
        raise AnsibleFilterError(str(error)) from error


def _declared(hostvars: t.Any, name: str, default: t.Any = "") -> t.Any:
    try:
        return declared(hostvars, name, default)
    except TopologyError as error:
        raise AnsibleFilterError(str(error)) from error


def _node_endpoint(node: t.Mapping[str, t.Any], port: str = "grpc_port") -> str:
    """Return ``address:port`` of a node, with brackets around an IPv6 address."""
    address = str(node["address"])
    if ":" in address and not address.startswith("["):
        address = "[" + address + "]"
    return "%s:%s" % (address, node[port])


def _password_path(path: str, check_mode: bool) -> str:
    """Return ``path``, or ``/dev/null`` when check mode would have to create it."""
    if check_mode and not os.path.exists(path):
        return "/dev/null"
    return path


class FilterModule:
    """Register the filters with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "declared": _declared,
            "deployment_size": deployment_size,
            "topology": _topology,
            "node_endpoint": _node_endpoint,
            "password_path": _password_path,
        }
