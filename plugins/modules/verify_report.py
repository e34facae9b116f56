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
  - Takes the registered results of check tasks, writes them as a report and returns a table for people.
  - A check without a result, or one that was skipped, has proved nothing and counts as failed.
  - A check whose need failed is blocked by that failure. It counts neither as passed nor as a second failure.
  - Fails when any check failed, after the report is written.
options:
  checks:
    description: The checks in the order of the report.
    type: list
    elements: dict
    required: true
    suboptions:
      id:
        description: What O(checks[].needs) of other checks call it. It is O(checks[].name) when left out.
        type: str
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
      needs:
        description:
          - Ids of checks without which this one cannot pass, on every host.
          - An id that no check of the report has blocks nothing.
        type: list
        elements: str
        default: []
      local:
        description:
          - Whether a failure of O(checks[].needs) on another host blocks nothing. Of a check that has no row for this
            host those of all hosts count anyway.
        type: bool
        default: false
      cause:
        description: What is usually wrong when it fails, shown with a failure.
        type: str
        default: ""
      fix:
        description: What to do about it, shown with a failure.
        type: str
        default: ""
  path:
    description:
      - Where the JSON report is written, mode C(0644). Nothing is written in check mode.
      - Its directory is created when it is not there.
    type: path
    required: true
  formats:
    description:
      - What to write. V(json) for programs, V(junit) for CI servers, V(html) for people, one file without anything from
        elsewhere.
    type: list
    elements: str
    choices: [json, junit, html]
    default: [json]
  junit_path:
    description: Where the JUnit XML is written. When left out it is O(path) with the ending C(.xml).
    type: path
  html_path:
    description: Where the page is written. When left out it is O(path) with the ending C(.html).
    type: path
  title:
    description: What was verified, for headings.
    type: str
    default: Verification
requirements:
  - jinja2 (Python library, on the host that runs the module), only for O(formats=html)
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

- name: Ask the server through it
  ansible.builtin.uri:
    url: http://127.0.0.1:8233/api/v1/cluster-info
  register: ui_api
  ignore_errors: true

- name: Report
  aegis.temporal.verify_report:
    path: /tmp/verify-report.json
    formats: [json, junit, html]
    checks:
      - id: ui
        name: Temporal UI answers
        host: "{{ inventory_hostname }}"
        result: "{{ ui_health }}"
        fix: Look at the journal of temporal-ui.service.
      - id: ui_api
        name: Temporal UI reaches the server
        host: "{{ inventory_hostname }}"
        result: "{{ ui_api }}"
        needs: [ui]
"""

RETURN = r"""
table:
  description: The lines of a table for people.
  returned: always
  type: list
  elements: str
paths:
  description: Where the reports are (in check mode, would be), by format.
  returned: always
  type: dict
  sample: {json: /tmp/verify-report.json}
rows:
  description: One row per check.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: Its id.
      type: str
    name:
      description: What was checked.
      type: str
    host:
      description: The host that was checked.
      type: str
    result:
      description: V(passed), V(failed) or V(blocked).
      type: str
    seconds:
      description: How long the check took, in seconds; null when the task does not tell.
      type: float
    detail:
      description: For a failed check what went wrong, for a passed one what was found.
      type: str
    cause:
      description: What is usually wrong then. Empty unless it failed.
      type: str
    fix:
      description: What to do about it. Empty unless it failed.
      type: str
    blocked_by:
      description: Id of the check that failed first. Empty unless it is blocked.
      type: str
"""

import json
import os
from datetime import datetime, timezone

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.aegis.temporal.plugins.module_utils.verify_html import JINJA2_IMPORT_ERROR, html
from ansible_collections.aegis.temporal.plugins.module_utils.verify_junit import junit
from ansible_collections.aegis.temporal.plugins.module_utils.verify_report import (
    FAILED,
    ReportError,
    counts,
    rows,
    table,
)

CHECK_OPTIONS = {
    "id": {"type": "str"},
    "name": {"type": "str", "required": True},
    "host": {"type": "str", "required": True},
    "result": {"type": "dict"},
    "detail": {"type": "str", "default": ""},
    "needs": {"type": "list", "elements": "str", "default": []},
    "local": {"type": "bool", "default": False},
    "cause": {"type": "str", "default": ""},
    "fix": {"type": "str", "default": ""},
}


def _as_json(entries, title, made):
    report = {
        "title": title,
        "time": made.isoformat(timespec="seconds"),
        "passed": bool(entries) and not counts(entries)[FAILED],
        "counts": counts(entries),
        "checks": entries,
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _contents(entries, title, wanted):
    """Return the text of each wanted format."""
    made = datetime.now(timezone.utc)
    writers = {
        "json": lambda: _as_json(entries, title, made),
        "junit": lambda: junit(entries, title),
        "html": lambda: html(entries, title, made.strftime("%Y-%m-%d %H:%M UTC")),
    }
    return {name: writers[name]() for name in wanted}


def _paths(params):
    base = os.path.splitext(params["path"])[0]
    paths = {
        "json": params["path"],
        "junit": params["junit_path"] or base + ".xml",
        "html": params["html_path"] or base + ".html",
    }
    return {name: os.path.abspath(paths[name]) for name in params["formats"]}


def _write(module, path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = os.path.join(module.tmpdir, os.path.basename(path))
    # A host's answer may hold half of a surrogate pair, which UTF-8 cannot.
    with open(temporary, "w", encoding="utf-8", errors="replace") as handle:
        handle.write(text)
    os.chmod(temporary, 0o644)
    module.atomic_move(temporary, path)


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "checks": {"type": "list", "elements": "dict", "required": True, "options": CHECK_OPTIONS},
            "path": {"type": "path", "required": True},
            "formats": {
                "type": "list",
                "elements": "str",
                "choices": ["json", "junit", "html"],
                "default": ["json"],
            },
            "junit_path": {"type": "path"},
            "html_path": {"type": "path"},
            "title": {"type": "str", "default": "Verification"},
        },
        supports_check_mode=True,
    )
    paths = _paths(module.params)
    if len(set(paths.values())) != len(paths):
        module.fail_json(msg="path, junit_path and html_path name one file for two formats: %s. Give two." % paths)
    if "html" in paths and JINJA2_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("jinja2"), exception=JINJA2_IMPORT_ERROR)
    try:
        entries = rows(module.params["checks"])
    except ReportError as error:
        module.fail_json(msg=str(error))
    if not module.check_mode:
        for name, text in _contents(entries, module.params["title"], paths).items():
            try:
                _write(module, paths[name], text)
            except OSError as error:
                module.fail_json(msg="The report cannot be written to %s: %s." % (paths[name], error))
    # Reporting observes the deployment and changes nothing of it, so it never counts as a change.
    result = {"changed": False, "rows": entries, "table": table(entries), "paths": paths}
    failed = [entry for entry in entries if entry["result"] == FAILED]
    if failed or not entries:
        causes = ["%s on %s: %s" % (entry["name"], entry["host"], entry["detail"]) for entry in failed]
        module.fail_json(
            msg="%d of %d checks failed.\n%s"
            % (len(failed), len(entries), "\n".join(causes or ["there are no checks"])),
            **result,
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
