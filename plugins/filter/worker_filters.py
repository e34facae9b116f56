# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the role ``temporal_worker``: thin doors to the functions in module_utils."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError
from ansible_collections.aegis.temporal.plugins.module_utils import worker_instances
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_worker import problems

T = t.TypeVar("T")


def _checked(function: t.Callable[[t.Mapping[str, t.Any]], T]) -> t.Callable[[t.Mapping[str, t.Any]], T]:
    def checked(settings: t.Mapping[str, t.Any]) -> T:
        try:
            return function(settings)
        except ValueError as error:
            raise AnsibleFilterError("A bind address of temporal_worker: %s. Give an IP address." % error) from error

    return checked


def _urls(settings: t.Mapping[str, t.Any], host_address: str) -> dict[str, list[str]]:
    return _checked(lambda given: worker_instances.urls(given, host_address))(settings)


class FilterModule:
    """Register the filters with Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {
            "worker_environment": worker_instances.unit_environment,
            "worker_exec_start": worker_instances.exec_start,
            "worker_health": _checked(worker_instances.health),
            "worker_host_needs": _checked(worker_instances.host_needs),
            "worker_instances": _checked(worker_instances.instances),
            "worker_problems": problems,
            "worker_urls": _urls,
        }
