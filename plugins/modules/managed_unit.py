#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module managed_unit: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: managed_unit
short_description: Keep a systemd service running with the configuration that is on disk
version_added: 0.1.0
description:
  - Enables and starts a systemd service, or every wanted instance of a template unit, waits until it is healthy, and
    restarts it exactly when the running process was started with something else than what is on disk now.
  - What a process was started with is read from the record C(/run/aegis-temporal/<unit>.started), which the unit
    itself writes in C(ExecStartPre) (the role P(aegis.temporal.runtime#role) renders such units). It covers the unit
    file, configuration files, credentials and the installed version. So nothing is lost when a play is killed between
    a change and the restart.
  - Instances are treated one after the other; each must be healthy before the next is touched. Instances that are no
    longer wanted are stopped and disabled at the end.
author:
  - The aegis.temporal developers (@aegis-temporal)
requirements:
  - systemd 247 or newer
attributes:
  check_mode:
    description: Reports what would be done and why, and changes nothing. Health is not asked for.
    support: full
  diff_mode:
    description: Shows the state of each unit before and after. Never shows the content of a file.
    support: full
options:
  name:
    description:
      - Name of the service without C(.service). A name that ends in C(@) is a template unit.
    type: str
    required: true
  state:
    description:
      - V(started) means enabled, running with what is on disk, and healthy.
      - V(stopped) means not running and disabled; the unit file stays.
      - V(absent) means stopped, disabled, and the unit file and its records removed.
    type: str
    choices: [started, stopped, absent]
    default: started
  instances:
    description: Wanted instances of a template unit. Instances that are not in the list are removed.
    type: list
    elements: str
    default: []
  files:
    description:
      - Configuration files of the service, beside the unit file. C(%i) stands for the instance.
      - Must be the same list as in the unit's C(ExecStartPre).
    type: list
    elements: path
    default: []
  credentials:
    description: Credentials of the service, from the id to the source file. C(%i) in a path stands for the instance.
    type: dict
    default: {}
  link:
    description: The link C(current) of the installed component; its target counts as configuration.
    type: path
  health:
    description:
      - Checks that must all pass. Without any, it is enough that the service runs.
      - In O(health[].argv) and O(health[].url), C({instance}) is replaced by the instance and C({instance+3000}) by
        the sum of the instance, a number, and 3000.
    type: list
    elements: dict
    default: []
    suboptions:
      argv:
        description: Command that must end with exit code 0 within ten seconds. It runs as root.
        type: list
        elements: str
      url:
        description: URL that must answer with O(health[].status) within ten seconds. No proxy is used.
        type: str
      status:
        description: Expected HTTP status.
        type: int
        default: 200
      validate_certs:
        description: Whether the certificate of an https URL must be valid.
        type: bool
        default: true
  health_timeout:
    description: Seconds in which a unit must become healthy, counted for each instance on its own.
    type: int
    default: 120
  stop_timeout:
    description: Seconds that stopping may take; must be more than the unit's C(TimeoutStopSec).
    type: int
    default: 120
  pending:
    description:
      - Changes that are known to come, used in check mode only, where they are not on disk yet.
      - For example that the unit file would be written anew. Given as reasons for a restart.
    type: list
    elements: str
    default: []
  restart_older_than:
    description:
      - Restarts a unit also if its process was started more than this many seconds ago, by the host's own clock.
      - With the seconds since a restart of many hosts began, it restarts each unit once, however often the play is run
        again.
    type: float
  secrets:
    description: Values that must never show in a message, though the service may have written them to its journal.
    type: list
    elements: str
    default: []
notes:
  - Drop-in files of an administrator are respected; they are returned in RV(drop_ins) and reported as a warning.
seealso:
  - module: ansible.builtin.systemd_service
"""

EXAMPLES = r"""
- name: Keep the server running with what is configured
  aegis.temporal.managed_unit:
    name: temporal-server
    files: [/etc/temporal/dynamicconfig.yaml]
    credentials:
      config: /etc/temporal/config.yaml
    link: /opt/aegis-temporal/temporal-server/current
    health:
      - argv: [/opt/aegis-temporal/grpc-health-probe/current/bin/grpc_health_probe, -addr=127.0.0.1:7233]

- name: Keep two workers running, one restarted after the other
  aegis.temporal.managed_unit:
    name: aegis-temporal-worker@
    instances: ["0", "1"]
    files: [/etc/aegis-temporal/worker-%i.env]
    link: /opt/aegis-temporal/temporal-worker/current
    health:
      - url: http://127.0.0.1:{instance+3000}/health

- name: Take the service away
  aegis.temporal.managed_unit:
    name: temporal-server
    state: absent
"""

RETURN = r"""
reasons:
  description: Why something was done, or would be in check mode; one sentence each, beginning with the unit.
  returned: always
  type: list
  elements: str
  sample: ["temporal-server.service: the credential config changed"]
actions:
  description: What was done, or would be in check mode, in order.
  returned: always
  type: list
  elements: str
  sample: ["daemon-reload", "restart temporal-server.service"]
healthy_after:
  description: Seconds until each unit was healthy, by unit.
  returned: when O(state=started) and not in check mode
  type: dict
  sample: {"temporal-server.service": 1.6}
ages:
  description: Seconds since the process of each wanted unit was started, by unit, when all were healthy.
  returned: when O(state=started) and not in check mode
  type: dict
  sample: {"temporal-server.service": 5.2}
drop_ins:
  description: Drop-in files that change a unit and that this collection does not manage.
  returned: always
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import unit_manager
from ansible_collections.aegis.temporal.plugins.module_utils.unit_record import Sources
from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import SYSTEM_UNITS, UnitError

HEALTH = {
    "argv": {"type": "list", "elements": "str"},
    "url": {"type": "str"},
    "status": {"type": "int", "default": 200},
    "validate_certs": {"type": "bool", "default": True},
}
ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["started", "stopped", "absent"], "default": "started"},
    "instances": {"type": "list", "elements": "str", "default": []},
    "files": {"type": "list", "elements": "path", "default": []},
    "credentials": {"type": "dict", "default": {}, "no_log": False},
    "link": {"type": "path"},
    "health": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": HEALTH,
        "mutually_exclusive": [["argv", "url"]],
        "required_one_of": [["argv", "url"]],
    },
    "health_timeout": {"type": "int", "default": 120},
    "stop_timeout": {"type": "int", "default": 120},
    "pending": {"type": "list", "elements": "str", "default": []},
    "restart_older_than": {"type": "float"},
    "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
}


def wish(options):
    """Translate the module's options."""
    return unit_manager.Wish(
        name=options["name"],
        state=options["state"],
        instances=options["instances"],
        sources=Sources(
            unit_file="%s/%s.service" % (SYSTEM_UNITS, options["name"]),
            files=options["files"],
            credentials=options["credentials"],
            link=options["link"] or "",
        ),
        health=options["health"],
        health_timeout=options["health_timeout"],
        stop_timeout=options["stop_timeout"],
        pending=options["pending"],
        restart_older_than=options["restart_older_than"],
    )


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    manager = unit_manager.Manager(wish(module.params), check_mode=module.check_mode)
    try:
        result = manager.converge()
    except UnitError as error:
        module.fail_json(msg=str(error), **manager.result())
    for path in result["drop_ins"]:
        module.warn("%s is changed by %s, which is not managed here" % (module.params["name"], path))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
