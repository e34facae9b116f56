#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What it does is in plugins/action/orchestrator_config.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: orchestrator_config
short_description: Set the temporal block of an AEGIS orchestrator's aegis-config.yaml
version_added: 0.1.0
author:
  - The aegis.temporal developers (@aegis-temporal)
description:
  - Sets keys of the C(temporal:) block in the configuration file of an AEGIS orchestrator and keeps everything else in
    that file byte for byte, comments, order and quotes included.
  - The block is at the top level; in a file that says C(kind:) V(NodeConfig) it is below C(spec:). It is put in where
    it is missing.
  - Only the text of values that differ is replaced. Keys for which no option is given, and keys that this module does
    not know, stay as they are.
  - The new text is read again and compared with the old one before it is written. A file in which the block cannot be
    changed alone is refused with the reason. Among these are files with more than one document, duplicate keys, and
    anchors, aliases or merge keys in the block or on the way to it.
  - The text is worked out on the control node. The host needs nothing but Python.
  - The orchestrator reads its file at start, so it has to be restarted after a change.
extends_documentation_fragment:
  - aegis.temporal.attributes
attributes:
  check_mode:
    support: full
    details: O(validate) is not run in check mode.
  diff_mode:
    support: full
    details:
      - Shows the keys of the block and nothing else of the file.
      - Values of keys in the block that this module does not know, C(worker_secret) among them, are masked.
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  path:
    description:
      - The orchestrator's configuration file on the host. It keeps its mode and owner.
      - A symbolic link is followed and stays a link.
    type: path
    required: true
  address:
    description:
      - gRPC address C(host:port) of a Temporal frontend, with or without C(http://).
      - The form V(env:VARIABLE) names an environment variable of the orchestrator. It is compared as text, so a value
        of this form in the file stays only if it is wanted.
    type: str
  namespace:
    description: Namespace of the workflows. It has to be the workers' own.
    type: str
  task_queue:
    description: Task queue of the workflows. It has to be the workers' own.
    type: str
  worker_http_endpoint:
    description: >-
      URL of the worker that takes registrations of definitions, such as V(http://192.0.2.41:3000), or
      V(env:VARIABLE) as in O(address).
    type: str
  create:
    description:
      - Whether to create the file when it does not exist; it then holds nothing but the block.
      - Without it a missing file is an error.
    type: bool
    default: false
  backup:
    description: Whether to keep a copy of the file beside it, with the time in its name, before it is changed.
    type: bool
    default: false
  validate:
    description: Command that has to succeed before the new file takes its place. C(%s) in it stands for the new file.
    type: str
seealso:
  - module: ansible.builtin.copy
"""

EXAMPLES = r"""
- name: Point the orchestrator to this deployment
  aegis.temporal.orchestrator_config:
    path: /etc/aegis/aegis-config.yaml
    address: 192.0.2.21:7233
    namespace: aegis-production
    task_queue: aegis-agents
    worker_http_endpoint: http://192.0.2.41:3000
    backup: true
  register: orchestrator_config

- name: Leave the address to the orchestrator's environment
  aegis.temporal.orchestrator_config:
    path: /etc/aegis/aegis-config.yaml
    address: env:TEMPORAL_ADDRESS
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: /etc/aegis/aegis-config.yaml
location:
  description: Where the block is in it.
  returned: success
  type: str
  sample: spec.temporal
before:
  description: >-
    The four keys before, null where there was none. A user or password in a URL is masked.
  returned: success
  type: dict
  sample: {address: "temporal:7233", namespace: default, task_queue: null, worker_http_endpoint: null}
after:
  description: The four keys after; in check mode what they would be.
  returned: success
  type: dict
  sample: {address: "192.0.2.21:7233", namespace: default, task_queue: aegis-agents, worker_http_endpoint: null}
changed_keys:
  description: The keys whose values changed, or would change in check mode.
  returned: success
  type: list
  elements: str
  sample: [address, task_queue]
backup_file:
  description: Name of the copy.
  returned: when a copy was made
  type: str
  sample: /etc/aegis/aegis-config.yaml.4711.2026-11-28@12:00:00~
"""
