#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
---
module: haproxy_info
short_description: Tell what a running HAProxy was given and which frontends it finds
version_added: 0.1.0
description:
  - Asks a running HAProxy on its socket and compares what it was started or reloaded with with what is on the disk, by
    the C(description) of the section C(global) and by the servers of one backend.
  - It is made for the configuration that the role P(aegis.temporal.haproxy#role) writes, and needs nothing but Python
    on the host.
author:
  - The aegis.temporal developers (@aegis-temporal)
extends_documentation_fragment:
  - aegis.temporal.attributes
  - aegis.temporal.attributes.read_only
options:
  config:
    description: The configuration file.
    type: path
    default: /etc/haproxy/haproxy.cfg
  socket:
    description: The socket of the running process, of C(stats socket).
    type: path
    default: /run/haproxy/admin.sock
  backend:
    description: The section C(listen) or C(backend) whose servers are told.
    type: str
    default: temporal-frontend
  wait_for:
    description:
      - What to wait for. V(nothing) tells how it is and never fails because of that.
      - V(config) is until the process runs with what is on the disk.
      - V(servers) is until, besides, it finds every server up.
    type: str
    choices: [nothing, config, servers]
    default: nothing
  wait_timeout:
    description: Seconds to wait. It then fails and says what is wrong.
    type: float
    default: 30.0
  wait_interval:
    description: Seconds between two looks.
    type: float
    default: 0.5
notes:
  - Run it as root, or as a user that may write to the socket.
"""

EXAMPLES = r"""
- name: See which frontends HAProxy leads to
  aegis.temporal.haproxy_info:
  register: proxy
  become: true

- name: Wait until it has found all of them
  aegis.temporal.haproxy_info:
    wait_for: servers
    wait_timeout: 60
  become: true
"""

RETURN = r"""
running:
  description: Whether it answers on its socket.
  returned: always
  type: bool
stale:
  description: Whether it runs with something else than what is on the disk. V(false) when it does not run.
  returned: always
  type: bool
version:
  description: Version of the process, empty when it does not run.
  returned: always
  type: str
  sample: 2.6.12-1+deb12u4
uptime:
  description: Seconds since it was started or last reloaded; 0 when it does not run.
  returned: always
  type: int
servers:
  description: The servers of O(backend), as the process says.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the server, which is that of its host in the inventory.
      type: str
    address:
      description: Where it is, as C(address:port).
      type: str
    status:
      description: V(UP), V(DOWN), V(MAINT) and others, while that changes with how far it is, as V(UP 1/3).
      type: str
    check:
      description: What the last check found. Empty before the first.
      type: str
    up:
      description: Whether it is up and a check has found so.
      type: bool
  sample:
    - name: server-1
      address: 192.0.2.21:7233
      status: UP
      check: L7OK TCPCHK passed
      up: true
elapsed:
  description: Seconds that the module took.
  returned: always
  type: float
  sample: 0.004
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils.haproxy_runtime import read_file, read_process
from ansible_collections.aegis.temporal.plugins.module_utils.outcome import Problem, check_wait, run
from ansible_collections.aegis.temporal.plugins.module_utils.polling import poll_until


def look(params):
    """Return what is told of the file and the process, and what of O(wait_for) is not so, empty when all is."""
    result = {"running": False, "stale": False, "version": "", "uptime": 0, "servers": []}
    try:
        running = read_process(params["socket"], params["backend"])
    except (OSError, ValueError) as error:
        return result, "HAProxy does not answer at %s: %s." % (params["socket"], error)
    try:
        with open(params["config"], encoding="utf-8") as handle:
            wanted = read_file(handle.read())
    except OSError as error:
        raise Problem("config is %r: %s. Give the path of its configuration." % (params["config"], error)) from None
    result.update(
        running=True,
        stale=not wanted.same(running),
        version=running.version,
        uptime=running.uptime,
        servers=[server.entry() for server in running.servers],
    )
    if result["stale"]:
        return result, "HAProxy runs with something else than what is in %s." % params["config"]
    down = [
        "%s (%s) is %s: %s" % (server.name, server.address, server.status, server.check or "not checked yet")
        for server in running.servers
        if not server.up
    ]
    if params["wait_for"] == "servers" and (down or not running.servers):
        return result, "HAProxy does not find every frontend: %s." % ("; ".join(down) or "it has none")
    return result, ""


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "config": {"type": "path", "default": "/etc/haproxy/haproxy.cfg"},
            "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
            "backend": {"type": "str", "default": "temporal-frontend"},
            "wait_for": {"type": "str", "choices": ["nothing", "config", "servers"], "default": "nothing"},
            "wait_timeout": {"type": "float", "default": 30.0},
            "wait_interval": {"type": "float", "default": 0.5},
        },
        supports_check_mode=True,
    )

    def work():
        params = module.params
        check_wait(params["wait_timeout"], params["wait_interval"])
        patient = params["wait_for"] != "nothing"
        seen = []

        def attempt(_left):
            seen[:] = look(params)
            return None if patient and seen[1] else True

        met = poll_until(attempt, params["wait_timeout"] if patient else 0, params["wait_interval"])
        result, wrong = seen
        if not met:
            raise Problem("Not within %g seconds (wait_timeout). %s" % (params["wait_timeout"], wrong), **result)
        return {"changed": False, **result}

    run(module, work, None)


if __name__ == "__main__":
    main()
