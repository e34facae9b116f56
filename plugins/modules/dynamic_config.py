#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# What it does is in plugins/action/dynamic_config.py.

from __future__ import annotations

DOCUMENTATION = r"""
module: dynamic_config
short_description: Write and check the dynamic configuration of a Temporal server
version_added: 0.1.0
author:
  - The aegis.temporal developers (@aegis-temporal)
description:
  - Writes the file that a server's C(dynamicConfigClient.filepath) names. The server takes a change up by itself, at
    its next look at the file.
  - A server only logs a warning for a key that it does not know or a value of a wrong type, and goes on with its
    default. This module refuses both before anything is written, and names the key that is probably meant.
  - Keys, types and constraints of every server version that this collection knows were read from the server's sources.
  - Where O(server_binary) is there and of version 1.25 or newer, the server's own C(validate-dynamic-config) has to
    accept the new file too, before it takes the place of the old one. Its warnings count as errors.
  - The file is worked out on the control node. The host needs nothing but Python.
extends_documentation_fragment:
  - aegis.temporal.attributes
attributes:
  check_mode:
    support: full
    details: O(server_binary) is not run in check mode.
  diff_mode:
    support: full
    details: Shows the whole file. Dynamic configuration holds no secrets.
  idempotent:
    support: full
  platform:
    platforms: posix
    support: full
options:
  path:
    description: The file on the host. Its directory must exist.
    type: path
    required: true
  values:
    description:
      - From a key to a plain value, or to a list of entries with C(value) and C(constraints).
      - Which constraints a key takes depends on the key. They are C(namespace), C(namespaceID), C(taskQueueName),
        C(taskType), C(shardID), C(historyTaskType), C(destination) and C(chasmTaskType).
      - Keys that are not named here get the server's defaults. The file holds nothing else.
    type: dict
    required: true
  server_version:
    description:
      - Version of the server that reads the file, in the form X.Y.Z.
      - For a patch that the collection does not know, keys that its minor does not have are a warning only.
    type: str
    required: true
  server_binary:
    description: Path of C(temporal-server) on the host. A host that does not have it yet is no error.
    type: path
  comment:
    description: Text for the first lines of the file.
    type: str
  backup:
    description: Whether to keep a copy of the file beside it, with the time in its name, before it is changed.
    type: bool
    default: false
  owner:
    description: Owner of the file. Without it a file keeps its owner.
    type: str
  group:
    description: Group of the file. Without it a file keeps its group.
    type: str
  mode:
    description: Mode of the file, as M(ansible.builtin.copy) takes it. Without it a file keeps its mode.
    type: raw
seealso:
  - module: ansible.builtin.copy
"""

EXAMPLES = r"""
- name: Limit one namespace, and let servers drain before they stop
  aegis.temporal.dynamic_config:
    path: /etc/temporal/dynamicconfig.yaml
    server_version: "1.32.2"
    server_binary: /opt/aegis-temporal/temporal-server/current/bin/temporal-server
    mode: "0644"
    values:
      history.shutdownDrainDuration: 5s
      frontend.namespaceRPS:
        - value: 2400
        - value: 100
          constraints:
            namespace: batch
      matching.numTaskqueueReadPartitions:
        - value: 1
          constraints:
            namespace: aegis-production
            taskQueueName: aegis-agents
            taskType: Workflow
"""

RETURN = r"""
path:
  description: The file.
  returned: success
  type: str
  sample: /etc/temporal/dynamicconfig.yaml
unknown_keys:
  description: Sentences about keys of which the collection cannot tell whether this version knows them.
  returned: success
  type: list
  elements: str
  sample: []
backup_file:
  description: Name of the copy.
  returned: when a copy was made
  type: str
  sample: /etc/temporal/dynamicconfig.yaml.4711.2026-11-28@12:00:00~
"""
