#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: host_preflight
short_description: Tell what on a host would keep a deployment from working
version_added: 0.1.0
author:
  - The aegis.temporal developers (@aegis-temporal)
description:
  - Looks at ports, file systems, memory and the base system of the host in one call, before anything is changed.
  - Returns every problem at once in RV(problems), in words that name the variable, the value and the fix.
    It does not fail because of them. The play decides, for it may have problems of other hosts to report too.
  - Also returns the few facts about the host that the roles of this collection need in RV(host), so that plays need
    not gather facts.
  - Needs nothing but Python on the host.
attributes:
  check_mode:
    description: Can run in check mode and return what it would return without it.
    support: full
  diff_mode:
    description: Never changes anything, so there is no difference to show.
    support: none
options:
  ports:
    description:
      - TCP ports that the deployment wants to listen on.
    type: list
    elements: dict
    default: []
    suboptions:
      port:
        description: The port, from 1 to 65535.
        type: int
        required: true
      address:
        description:
          - The address to listen on, as an IP address or as a name that this host can resolve.
          - It must be an address of this host. V(0.0.0.0) stands for all of them.
        type: str
        default: 0.0.0.0
      unit:
        description:
          - The systemd unit that will listen there. When a process of this unit holds the port already, all is well.
          - Shell wildcards are allowed, as in V(postgresql@*.service).
          - When empty, the port must be free.
        type: str
        default: ''
      variable:
        description: The name of the variable that the port comes from, for the text of a problem.
        type: str
        required: true
  paths:
    description:
      - Directories that the deployment writes to. What is wanted of paths on the same file system adds up.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - Absolute path. When it is not there yet, its nearest parent is looked at.
        type: str
        required: true
      minimum_free_bytes:
        description: Space that must be free, in bytes.
        type: int
        default: 0
      minimum_free_inodes:
        description:
          - Number of inodes that must be free. Not looked at on file systems that do not count them.
        type: int
        default: 1000
      variable:
        description: The name of the variable that the path comes from, for the text of a problem.
        type: str
        required: true
  minimum_memory_bytes:
    description: Main memory that the host must have, in bytes.
    type: int
    default: 0
  systemd:
    description: Whether systemd must be the running init of the host.
    type: bool
    default: true
  systemd_minimum_version:
    description:
      - The oldest version of systemd that will do.
      - The units of this collection find their credentials with the specifier C(%d), which came with version 250.
    type: int
    default: 250
  python:
    description:
      - The interpreter that the worker's virtual environment is made with.
    type: str
    default: /usr/bin/python3
  python_minimum:
    description:
      - The oldest version of O(python) that will do, as in V(3.11). When empty, none is wanted.
    type: str
    default: ''
  distributions:
    description:
      - The distributions that will do, as C(ID VERSION_ID) of C(/etc/os-release). When empty, all will.
    type: list
    elements: str
    default: []
  architectures:
    description:
      - The machine names (C(uname -m)) that will do. When empty, all will.
    type: list
    elements: str
    default: []
  units:
    description:
      - systemd units of which RV(host.units) is to tell whether they run, as in V(temporal-server.service).
    type: list
    elements: str
    default: []
notes:
  - Run it as root. Another user cannot see which process holds a port.
  - A socket on the IPv6 wildcard address may or may not take IPv4 connections. In this case alone the module asks the
    kernel, by binding a socket to the wanted port and closing it at once.
"""

EXAMPLES = r"""
- name: Look at the host before anything is changed
  aegis.temporal.host_preflight:
    ports:
      - port: 7233
        address: 192.0.2.10
        unit: temporal-server.service
        variable: temporal_service_settings.frontend.grpc_port
    paths:
      - path: /opt/aegis-temporal
        minimum_free_bytes: 524288000
        variable: runtime_install_root
    minimum_memory_bytes: 1073741824
    distributions: [debian 12, debian 13]
  become: true
  register: host_preflight

- name: Refuse a host that cannot take the deployment
  ansible.builtin.assert:
    that: host_preflight.problems | length == 0
    fail_msg: "{{ host_preflight.problems | join('\n') }}"
    quiet: true
"""

RETURN = r"""
problems:
  description: One sentence for each problem; empty when there is none.
  returned: always
  type: list
  elements: str
  sample:
    - >-
      temporal_worker_port is 3000: 0.0.0.0:3000 on this host is held by node (pid 4711, unit grafana.service).
      Give another port, or stop that process.
host:
  description: Facts about the host.
  returned: always
  type: dict
  contains:
    hostname:
      description: Name of the host, as the kernel has it.
      type: str
      sample: worker-1
    distribution:
      description: From C(/etc/os-release). Empty strings where it does not tell.
      type: dict
      contains:
        id:
          description: The distribution's C(ID).
          type: str
          sample: debian
        version:
          description: The distribution's C(VERSION_ID).
          type: str
          sample: '12'
        codename:
          description: The distribution's C(VERSION_CODENAME).
          type: str
          sample: bookworm
    architecture:
      description: Machine name, as C(uname -m) prints it.
      type: str
      sample: x86_64
    cpu_count:
      description: Number of processors that this host may use.
      type: int
      sample: 4
    memory_bytes:
      description: Main memory, in bytes.
      type: int
      sample: 8589934592
    systemd_version:
      description: Version of the systemd that runs the host; V(0) when another init does.
      type: int
      sample: 252
    units:
      description:
        - The C(ActiveState) of each of O(units), by name. V(inactive) for one that is not there; empty where another
          init runs the host.
      type: dict
      sample: {temporal-server.service: active}
    python:
      description: The interpreter named by O(python).
      type: dict
      contains:
        executable:
          description: The value of O(python).
          type: str
          sample: /usr/bin/python3
        version:
          description: Its version; empty when it does not run.
          type: str
          sample: 3.11.2
        minor:
          description: Its version without the last number; empty when it does not run.
          type: str
          sample: '3.11'
"""

import os
import platform
import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils.host_ports import port_problems
from ansible_collections.aegis.temporal.plugins.module_utils.host_resources import (
    SYSTEMD_MINIMUM,
    distribution,
    memory_bytes,
    minor_of,
    path_problems,
    python_version,
    system_problems,
    systemd_version,
    unit_states,
)

ARGUMENT_SPEC: dict[str, t.Any] = {
    "ports": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "port": {"type": "int", "required": True},
            "address": {"type": "str", "default": "0.0.0.0"},
            "unit": {"type": "str", "default": ""},
            "variable": {"type": "str", "required": True},
        },
    },
    "paths": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "path": {"type": "str", "required": True},
            "minimum_free_bytes": {"type": "int", "default": 0},
            "minimum_free_inodes": {"type": "int", "default": 1000},
            "variable": {"type": "str", "required": True},
        },
    },
    "minimum_memory_bytes": {"type": "int", "default": 0},
    "systemd": {"type": "bool", "default": True},
    "systemd_minimum_version": {"type": "int", "default": SYSTEMD_MINIMUM},
    "python": {"type": "str", "default": "/usr/bin/python3"},
    "python_minimum": {"type": "str", "default": ""},
    "distributions": {"type": "list", "elements": "str", "default": []},
    "architectures": {"type": "list", "elements": "str", "default": []},
    "units": {"type": "list", "elements": "str", "default": []},
}


def host_facts(python: str, units: t.Sequence[str]) -> dict[str, t.Any]:
    """Return what RETURN documents as ``host``."""
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        memory = memory_bytes(meminfo.read())
    version = python_version(python)
    systemd = systemd_version()
    return {
        "hostname": platform.node(),
        "distribution": distribution(),
        "architecture": platform.machine(),
        "cpu_count": len(os.sched_getaffinity(0)),
        "memory_bytes": memory,
        "systemd_version": systemd,
        "units": unit_states(units) if systemd else {},
        "python": {"executable": python, "version": version, "minor": minor_of(version)},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    wrong = [item["port"] for item in module.params["ports"] if not 1 <= item["port"] <= 65535]
    if wrong:
        module.fail_json(msg="ports: %s is no port. Give a number from 1 to 65535." % wrong[0])
    try:
        facts = host_facts(module.params["python"], module.params["units"])
        problems = system_problems(facts, module.params)
        problems += path_problems(module.params["paths"])
        problems += port_problems(module.params["ports"])
    except (OSError, ValueError) as error:
        module.fail_json(msg="The host could not be looked at: %s" % error)
    module.exit_json(changed=False, problems=problems, host=facts)


if __name__ == "__main__":
    main()
