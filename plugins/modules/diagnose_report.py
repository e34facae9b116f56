#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module that finds known problems in gathered facts and writes the support bundle."""

from __future__ import annotations

DOCUMENTATION = r"""
module: diagnose_report
short_description: Find known problems in what was gathered, and write a support bundle
version_added: 0.1.0
author:
  - The aegis.temporal developers (!UNKNOWN)
description:
  - Compares what the modules C(diagnose_host), C(diagnose_certificates), C(diagnose_database) and C(diagnose_cluster)
    returned with the known problems, and returns findings with severity, evidence, cause and fix.
  - Writes them as JSON, and an archive with the texts of all hosts. All of it goes through the removal of secrets once
    more before it is written.
  - Also written in check mode, because nothing of the deployment is changed.
extends_documentation_fragment:
  - aegis.temporal.attributes
  - aegis.temporal.attributes.read_only
options:
  facts:
    description: What was gathered, as the filter C(diagnose_facts) puts it together.
    type: dict
    required: true
  texts:
    description: Texts for the bundle by name.
    type: dict
    default: {}
  secrets:
    description: Values that must not be written or returned, in whichever spelling.
    type: list
    elements: str
    default: []
  title:
    description: What was diagnosed, for headings.
    type: str
    default: Diagnosis
  findings_path:
    description: Where the findings are written as JSON, mode C(0600).
    type: path
    required: true
  bundle_path:
    description: Where the archive is written, mode C(0600). None when left out.
    type: path
"""

EXAMPLES = r"""
- name: Report
  aegis.temporal.diagnose_report:
    facts: "{{ hostvars | aegis.temporal.diagnose_facts(ansible_play_hosts_all, {}) }}"
    findings_path: /tmp/findings.json
"""

RETURN = r"""
findings:
  description: What was found, the worst first.
  returned: always
  type: list
  elements: dict
  contains:
    severity:
      description: V(problem), V(warning) or V(note).
      type: str
    id:
      description: Which known problem it is.
      type: str
    host:
      description: Inventory name of the host, empty for the cluster as a whole.
      type: str
    title:
      description: The problem in a few words.
      type: str
    evidence:
      description: What was seen.
      type: str
    cause:
      description: What is usually behind it.
      type: str
    fix:
      description: What to do.
      type: str
    source:
      description: Address of the thread or page that it is known from.
      type: str
counts:
  description: Number of findings by severity.
  returned: always
  type: dict
table:
  description: The lines of a table for people.
  returned: always
  type: list
  elements: str
paths:
  description: What was written.
  returned: always
  type: list
  elements: str
"""

import json
import os
import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import diagnose_bundle, diagnose_run
from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_redaction import redact


def clean(value, secrets):
    """Return a structure with every text of it redacted."""
    if isinstance(value, dict):
        return {key: clean(item, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item, secrets) for item in value]
    return redact(value, secrets) if isinstance(value, str) else value


def texts_of(module, entries, made):
    """Return the bundle's files: those of the hosts, which are clean already, and those of the whole."""
    params = module.params
    seen = clean({name: params["facts"].get(name) or {} for name in ("database", "cluster")}, params["secrets"])
    return {
        **{str(name): redact(str(text), params["secrets"]) for name, text in params["texts"].items()},
        "findings.json": _json(entries, params["title"], made),
        "summary.txt": diagnose_run.summary(entries, params["title"], made),
        "database.json": json.dumps(seen["database"], indent=2, sort_keys=True, ensure_ascii=False) + "\n",
        "cluster.json": json.dumps(seen["cluster"], indent=2, sort_keys=True, ensure_ascii=False) + "\n",
    }


def _json(entries, title, made):
    report = {"title": title, "time": made, "counts": diagnose_run.counts(entries), "findings": entries}
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _write(module, path, writer):
    """Write by way of a file in the module's own directory, so that nothing is ever readable to others."""
    temporary = os.path.join(module.tmpdir, os.path.basename(path) + ".draft")
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        writer(temporary)
        os.chmod(temporary, diagnose_bundle.MODE)
        module.atomic_move(temporary, path)
        os.chmod(path, diagnose_bundle.MODE)
    except OSError as error:
        module.fail_json(msg="%s cannot be written: %s." % (path, error.strerror or error))


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "facts": {"type": "dict", "required": True},
            "texts": {"type": "dict", "default": {}},
            "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
            "title": {"type": "str", "default": "Diagnosis"},
            "findings_path": {"type": "path", "required": True},
            "bundle_path": {"type": "path"},
        },
        supports_check_mode=True,
    )
    params = module.params
    now = time.time()
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    entries = clean(diagnose_run.findings(params["facts"]), params["secrets"])
    paths = [os.path.abspath(params["findings_path"])]

    def findings(temporary):
        with open(temporary, "x", encoding="utf-8", opener=_private) as handle:
            handle.write(_json(entries, params["title"], made))

    _write(module, paths[0], findings)
    if params["bundle_path"]:
        paths.append(os.path.abspath(params["bundle_path"]))
        texts = texts_of(module, entries, made)
        _write(module, paths[1], lambda temporary: diagnose_bundle.write(paths[1], texts, now, temporary))
    module.exit_json(
        changed=False,
        findings=entries,
        counts=diagnose_run.counts(entries),
        table=diagnose_run.table(entries),
        paths=paths,
    )


def _private(path, flags):
    return os.open(path, flags, diagnose_bundle.MODE)


if __name__ == "__main__":
    main()
