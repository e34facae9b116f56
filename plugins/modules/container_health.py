#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module container_health: see DOCUMENTATION."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container_health
short_description: Wait until a container runs and is healthy
version_added: 0.1.0
description:
  - The counterpart of the health gate of M(aegis.temporal.managed_unit), with the same checks. They run on the host,
    which shares its network with the container.
author:
  - The aegis.temporal developers (@aegis-temporal)
attributes:
  check_mode:
    description: In check mode nothing is asked and nothing is waited for.
    support: full
  diff_mode:
    description: Never changes anything, so there is no difference to show.
    support: none
options:
  name:
    description: Name of the container.
    type: str
    required: true
  instance:
    description: The instance, which takes the place of C({instance}) in the checks.
    type: str
    default: ""
  started:
    description:
      - Whether the container was started just now. Then the checks must pass twice in one and the same process.
    type: bool
    default: false
  health:
    description:
      - Checks that must all pass. Without any, it is enough that the container runs.
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
    description: Seconds in which the container must become healthy.
    type: int
    default: 120
  secrets:
    description: Values that must never show in a message, though the service may have written them to its log.
    type: list
    elements: str
    default: []
seealso:
  - module: aegis.temporal.managed_unit
"""

EXAMPLES = r"""
- name: Wait for the worker
  aegis.temporal.container_health:
    name: aegis-temporal-worker-0
    instance: "0"
    health:
      - url: http://127.0.0.1:{instance+3000}/health
"""

RETURN = r"""
healthy_after:
  description: Seconds until it was healthy.
  returned: success, and not in check mode
  type: float
  sample: 1.6
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import unit_health
from ansible_collections.aegis.temporal.plugins.module_utils.container_engine import Engine
from ansible_collections.aegis.temporal.plugins.module_utils.unit_systemd import UnitError, run

# Lines of the log in an error message.
LINES = 30
HEALTH = {
    "argv": {"type": "list", "elements": "str"},
    "url": {"type": "str"},
    "status": {"type": "int", "default": 200},
    "validate_certs": {"type": "bool", "default": True},
}
ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "instance": {"type": "str", "default": ""},
    "started": {"type": "bool", "default": False},
    "health": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": HEALTH,
        "mutually_exclusive": [["argv", "url"]],
        "required_one_of": [["argv", "url"]],
    },
    "health_timeout": {"type": "int", "default": 120},
    "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
}


def failure(engine, options, error):
    """Return the words for the user."""
    name = options["name"]
    lines = [
        "The container %s %s, but is not healthy: %s."
        % (name, "was started" if options["started"] else "runs with what is configured", str(error).rstrip("."))
    ]
    if options["started"]:
        lines.append(
            "Docker keeps trying it. Correct what the lines below complain about, or give the variables their former "
            "values, and run the play again: it makes a container anew exactly when it runs with something else than "
            "what is configured. Nothing needs to be undone by hand."
        )
    else:
        lines.append(
            "Nothing was changed in this run, and it was not restarted. Look at what it depends on and at the lines "
            "below; `docker restart %s` is the first aid for a process that hangs." % name
        )
    return "\n".join([*lines, "The last lines of its log:", engine.logs(name, LINES)])


def main():
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    if module.check_mode:
        module.exit_json(changed=False)
    options, engine, began = module.params, Engine(), time.monotonic()
    try:
        unit_health.wait(
            options["health"],
            options["instance"],
            options["started"],
            began + options["health_timeout"],
            lambda: engine.state(options["name"]),
            run,
        )
    except UnitError as error:
        module.fail_json(msg=failure(engine, options, error))
    module.exit_json(changed=False, healthy_after=round(time.monotonic() - began, 1))


if __name__ == "__main__":
    main()
