#!/usr/bin/python
# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module that gathers what a diagnosis must know of one host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: diagnose_host
short_description: Gather what a diagnosis must know of one host, without its secrets
version_added: 0.1.0
author:
  - The aegis.temporal developers (!UNKNOWN)
description:
  - Reads units, journals, files, disks, memory, addresses, clock and the answers of local URLs.
  - Secrets are taken out on the host, by the names they stand behind, by their looks and by O(secrets), before anything
    is returned.
  - Changes nothing. What cannot be read is returned as such, so that a half-dead host can be diagnosed.
extends_documentation_fragment:
  - aegis.temporal.attributes
  - aegis.temporal.attributes.read_only
options:
  units:
    description: The units of systemd to look at.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name. One with an asterisk stands for all that systemd knows.
        type: str
        required: true
      part:
        description: What it is a unit of.
        type: str
        choices: [postgres, server, haproxy, ui, worker]
        required: true
  files:
    description: Paths of text files to read.
    type: list
    elements: path
    default: []
  urls:
    description: URLs to ask on the host.
    type: list
    elements: dict
    default: []
    suboptions:
      url:
        description: The URL.
        type: str
        required: true
      part:
        description: What answers there.
        type: str
        choices: [ui, worker, metrics]
        required: true
  paths:
    description: Paths whose file systems are looked at. One that is not there is left out.
    type: list
    elements: path
    default: []
  secrets:
    description: Values that must not be returned, in whichever spelling.
    type: list
    elements: str
    default: []
  journal_lines:
    description: How many lines of each unit's journal of the last hour are read at most.
    type: int
    default: 2000
  timeout:
    description: Seconds that one command or one answer may take.
    type: float
    default: 15.0
  bundle:
    description: Whether to return what a support bundle holds too.
    type: bool
    default: false
seealso:
  - module: aegis.temporal.diagnose_report
"""

EXAMPLES = r"""
- name: Look at a server's host
  aegis.temporal.diagnose_host:
    units: [{name: temporal-server.service, part: server}]
    files: [/etc/temporal/config.yaml]
    secrets: ["{{ temporal_database_password }}"]
  register: seen
"""

RETURN = r"""
host:
  description: What was found.
  returned: success
  type: dict
  contains:
    time:
      description: The host's clock, in seconds since the epoch.
      type: float
    units:
      description: State of the units, with what their journals tell.
      type: list
      elements: dict
    files:
      description: By path the text without secrets, or the error.
      type: dict
    answers:
      description: Status, error and content of each URL.
      type: list
      elements: dict
    disks:
      description: Size and free space in bytes, inodes.
      type: list
      elements: dict
    memory:
      description: Memory in bytes.
      type: dict
    addresses:
      description: Addresses of the host.
      type: list
      elements: str
    time_synchronised:
      description: Whether the clock is synchronised, null where it cannot be told.
      type: bool
    errors:
      description: What could not be read.
      type: list
      elements: str
bundle:
  description: Texts without secrets by name of the file. Empty without O(bundle).
  returned: success
  type: dict
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.aegis.temporal.plugins.module_utils import unit_systemd
from ansible_collections.aegis.temporal.plugins.module_utils.diagnose_gather import (
    Gatherer,
    disks,
    memory,
    with_journals,
)

COMMANDS = {
    "df.txt": ["df", "--human-readable", "--print-type"],
    "inodes.txt": ["df", "--inodes"],
    "free.txt": ["free", "--human"],
    "listening.txt": ["ss", "--listening", "--tcp", "--numeric", "--processes"],
    "addresses.txt": ["ip", "address"],
    "os.txt": ["cat", "/etc/os-release", "/proc/version", "/proc/loadavg", "/proc/uptime"],
    "time.txt": ["timedatectl"],
    "processes.txt": ["ps", "-eo", "pid,ppid,user,rss,etimes,comm"],
    "releases.txt": ["find", "/opt/aegis-temporal", "-maxdepth", "2", "-printf", "%p %l\\n"],
    "packages.txt": ["dpkg-query", "--show", "postgresql*", "python3", "systemd"],
}


def gather(params, gatherer):
    """Return the host and the texts of the bundle; each step that fails is told and the next one goes on."""
    errors = []

    def attempt(call, otherwise):
        try:
            return call()
        except (OSError, ValueError, unit_systemd.UnitError) as error:
            errors.append(gatherer.clean(str(error)))
            return otherwise

    units = attempt(lambda: gatherer.units(params["units"]), [])
    journals = attempt(lambda: with_journals(gatherer, units), {})
    host = {
        "time": time.time(),
        "units": units,
        "files": {path: gatherer.file(path) for path in params["files"]},
        "answers": [gatherer.answer(item["url"], item["part"]) for item in params["urls"]],
        "disks": attempt(lambda: disks(params["paths"]), []),
        "memory": attempt(lambda: memory(_read("/proc/meminfo")), {}),
        "addresses": attempt(gatherer.addresses, []),
        "time_synchronised": attempt(gatherer.synchronised, None),
        "errors": errors,
    }
    return host, _bundle(gatherer, host, journals) if params["bundle"] else {}


def _read(path):
    with open(path, encoding="utf-8") as handle:
        return handle.read()


def _bundle(gatherer, host, journals):
    texts = {name: gatherer.said(*argv) for name, argv in COMMANDS.items()}
    for unit in host["units"]:
        if unit["load"] == "not-found":
            continue
        name = unit["name"].replace("/", "_")
        texts["units/%s.status.txt" % name] = gatherer.said(
            "systemctl", "status", "--no-pager", "--lines=0", "--", unit["name"]
        )
        texts["units/%s.cat.txt" % name] = gatherer.said("systemctl", "cat", "--no-pager", "--", unit["name"])
        texts["journal/%s.log" % name] = journals.get(unit["name"], "")
    for path, file in host["files"].items():
        texts["files" + path] = file["text"] if file["error"] is None else "(%s)\n" % file["error"]
    for answer in host["answers"]:
        name = "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in answer["url"])
        texts["answers/%s.txt" % name] = "%s %s\n%s\n" % (answer["status"], answer["error"] or "", answer["text"])
    return texts


def main():
    """Run the module."""
    part = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "units": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "name": {"type": "str", "required": True},
                    "part": {**part, "choices": ["postgres", "server", "haproxy", "ui", "worker"]},
                },
            },
            "files": {"type": "list", "elements": "path", "default": []},
            "urls": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "url": {"type": "str", "required": True},
                    "part": {**part, "choices": ["ui", "worker", "metrics"]},
                },
            },
            "paths": {"type": "list", "elements": "path", "default": []},
            "secrets": {"type": "list", "elements": "str", "default": [], "no_log": True},
            "journal_lines": {"type": "int", "default": 2000},
            "timeout": {"type": "float", "default": 15.0},
            "bundle": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    gatherer = Gatherer(
        lambda argv: unit_systemd.run(argv, params["timeout"]),
        params["secrets"],
        params["timeout"],
        params["journal_lines"],
    )
    host, bundle = gather(params, gatherer)
    module.exit_json(changed=False, host=host, bundle=bundle)


if __name__ == "__main__":
    main()
