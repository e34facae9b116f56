# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module dynamic_config: checked and written out on the control node, and by the server on its host."""

from __future__ import annotations

import re
import shlex
import typing as t

import yaml
from ansible.parsing.yaml.dumper import AnsibleDumper
from ansible_collections.aegis.temporal.plugins.module_utils.dynamic_config import normalized, problems
from ansible_collections.aegis.temporal.plugins.module_utils.preflight_values import say
from ansible_collections.aegis.temporal.plugins.module_utils.temporal_services import minor
from ansible_collections.aegis.temporal.plugins.plugin_utils.dynamic_config_keys import load
from ansible_collections.aegis.temporal.plugins.plugin_utils.file_action import FileAction, FileProblem

ARGUMENT_SPEC: dict[str, t.Any] = {
    "path": {"type": "str", "required": True},
    "values": {"type": "dict", "required": True},
    "server_version": {"type": "str", "required": True},
    "server_binary": {"type": "str"},
    "comment": {"type": "str"},
    "backup": {"type": "bool", "default": False},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "mode": {"type": "raw"},
}
_VERSION = re.compile(r"^\d+\.\d+\.\d+$")
# The server's command validate-dynamic-config exists from this minor on.
_VALIDATOR_SINCE = (1, 25)
# It ends with success when it only warns, of a key that it does not know for one. A host without it is no error.
_VALIDATOR = (
    'test -x "$1" || exit 0; said=$("$1" validate-dynamic-config "$2" 2>&1) || { echo "$said"; exit 1; }; '
    'case "$said" in *"error: "*|*"warning: "*) echo "$said"; exit 1;; esac'
)


class ActionModule(FileAction):
    """Writes the file when it is right and differs."""

    def work(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """See FileAction.work."""
        _result, options = self.validate_argument_spec(ARGUMENT_SPEC)
        version, values = options["server_version"], options["values"]
        if not _VERSION.match(version):
            raise FileProblem(say("server_version", version, "not of the form X.Y.Z", "Give one such as 1.32.2."))
        try:
            wrong, doubtful = problems(values, load(), version, "values")
        except ValueError as error:
            raise FileProblem(say("server_version", version, str(error), "Give a version of a known minor.")) from None
        if wrong:
            raise FileProblem("\n".join(wrong))
        written = yaml.dump(
            normalized(values), Dumper=AnsibleDumper, default_flow_style=False, sort_keys=False, width=10000
        )
        comment = "".join("# %s\n" % line for line in (options["comment"] or "").splitlines())
        passed = {name: options[name] for name in ("owner", "group", "mode") if options[name] is not None}
        if options["server_binary"] and minor(version) >= _VALIDATOR_SINCE:
            passed["validate"] = "/bin/sh -c %s - %s %%s" % (
                shlex.quote(_VALIDATOR),
                shlex.quote(self.host_path(options["server_binary"])),
            )
        path, content = self.host_path(options["path"]), (comment + written).encode("utf-8")
        answer = self.write(path, content, task_vars, diff=True, backup=options["backup"], **passed)
        result = {"changed": answer["changed"], "path": path, "unknown_keys": doubtful}
        if doubtful:
            result["warnings"] = doubtful
        for name in ("backup_file", "diff"):
            if name in answer:
                result[name] = answer[name]
        return result
