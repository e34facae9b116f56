#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module that writes the report of a verification."""

from __future__ import annotations

DOCUMENTATION = r"""
module: verify_report
short_description: Write the report of a verification and fail if a check failed
version_added: 0.1.0
author:
  - The aegis.temporal developers (!UNKNOWN)
description:
  - Takes the registered results of check tasks, writes them as a JSON report and returns a table for people.
  - A check without a result, or one that was skipped, has proved nothing and counts as failed.
  - Fails when any check failed, after the report is written.
options:
  checks:
    description: The checks in the order of the report.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What was checked, in a few words.
        type: str
        required: true
      host:
        description: Inventory name of the host that was checked.
        type: str
        required: true
      result:
        description: The registered result of the task. Omitted when the task never ran.
        type: dict
      detail:
        description: What a passed check found, in a few words.
        type: str
        default: ""
  path:
    description: Where the JSON report is written, mode C(0644). Nothing is written in check mode.
    type: path
    required: true
attributes:
  check_mode:
    description: Can run in check mode and return the same table without writing the report.
    support: full
  diff_mode:
    description: Will return details on what has changed when in diff mode.
    support: none
"""

EXAMPLES = r"""
- name: Ask the user interface for its health
  ansible.builtin.uri:
    url: http://127.0.0.1:8233/healthz
  register: ui_health
  ignore_errors: true

- name: Report
  aegis.temporal.verify_report:
    path: /tmp/verify-report.json
    checks:
      - name: Temporal UI answers
        host: "{{ inventory_hostname }}"
        result: "{{ ui_health }}"
"""

RETURN = r"""
table:
  description: The lines of a table for people.
  returned: always
  type: list
  elements: str
rows:
  description: One row per check.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: What was checked.
      type: str
    host:
      description: The host that was checked.
      type: str
    result:
      description: C(passed) or C(failed).
      type: str
    seconds:
      description: How long the check took, in seconds; null when the task does not tell.
      type: float
    detail:
      description: For a failed check the cause.
      type: str
"""

import json
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils.verify_report import (
    FAILED,
    ReportError,
    row,
    table,
)


def _write(module, path, rows):
    report = {"passed": all(entry["result"] != FAILED for entry in rows), "checks": rows}
    temporary = os.path.join(module.tmpdir, "verify-report.json")
    with open(temporary, "w", encoding="utf-8") as handle:
        json.dump(report, handle, indent=2, ensure_ascii=False)
        handle.write("\n")
    os.chmod(temporary, 0o644)
    module.atomic_move(temporary, path)


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "checks": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "name": {"type": "str", "required": True},
                    "host": {"type": "str", "required": True},
                    "result": {"type": "dict"},
                    "detail": {"type": "str", "default": ""},
                },
            },
        },
        supports_check_mode=True,
    )
    try:
        rows = [row(check) for check in module.params["checks"]]
    except ReportError as error:
        module.fail_json(msg=str(error))
    if not module.check_mode:
        _write(module, module.params["path"], rows)
    lines = table(rows)
    failed = [entry for entry in rows if entry["result"] == FAILED]
    # Reporting observes the deployment and changes nothing of it, so it never counts as a change.
    result = {"changed": False, "rows": rows, "table": lines}
    if failed or not rows:
        causes = ["%s on %s: %s" % (entry["name"], entry["host"], entry["detail"]) for entry in failed]
        module.fail_json(
            msg="%d of %d checks failed.\n%s" % (len(failed), len(rows), "\n".join(causes or ["there are no checks"])),
            **result,
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
