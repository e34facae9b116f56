# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action of the module orchestrator_config: the text is worked out on the control node, which has PyYAML."""

from __future__ import annotations

import typing as t

from ansible_collections.aegis.temporal.plugins.module_utils.orchestrator_settings import value_problems
from ansible_collections.aegis.temporal.plugins.plugin_utils.file_action import FileAction, FileProblem
from ansible_collections.aegis.temporal.plugins.plugin_utils.orchestrator_block import KEYS, set_keys
from ansible_collections.aegis.temporal.plugins.plugin_utils.yaml_document import YamlError

ARGUMENT_SPEC: dict[str, t.Any] = {
    "path": {"type": "str", "required": True},
    **{key: {"type": "str"} for key in KEYS},
    "create": {"type": "bool", "default": False},
    "backup": {"type": "bool", "default": False},
    "validate": {"type": "str"},
}


class ActionModule(FileAction):
    """Sets the block's keys and leaves the rest of the file as it is."""

    def work(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """See FileAction.work."""
        _result, options = self.validate_argument_spec(ARGUMENT_SPEC, required_one_of=[list(KEYS)])
        wanted = {key: options[key] for key in KEYS if options[key] is not None}
        problems = value_problems(wanted)
        if options["validate"] is not None and "%s" not in options["validate"]:
            problems.append("validate is %r: it has no %%s. Write %%s where the file goes." % options["validate"])
        if problems:
            raise FileProblem("\n".join(problems))
        path = self.host_path(options["path"])
        data = self._read(path, options["create"], task_vars)
        try:
            outcome = set_keys(data.decode("utf-8"), wanted)
        except UnicodeDecodeError as error:
            raise FileProblem(
                "path is %r: it is not UTF-8 (byte %d). Save it as UTF-8." % (path, error.start)
            ) from None
        except YamlError as error:
            raise FileProblem("path is %r: %s" % (path, error)) from None
        result = {
            "changed": bool(outcome.changed_keys),
            "path": path,
            "location": outcome.path,
            "before": outcome.before,
            "after": outcome.after,
            "changed_keys": outcome.changed_keys,
            "diff": {
                "before_header": "%s (%s)" % (path, outcome.path),
                "after_header": "%s (%s)" % (path, outcome.path),
                "before": outcome.shown_before,
                "after": outcome.shown_after,
            },
        }
        if outcome.changed_keys and not self._task.check_mode:
            extra = {"validate": options["validate"]} if options["validate"] is not None else {}
            answer = self.write(path, outcome.text.encode("utf-8"), task_vars, backup=options["backup"], **extra)
            if "backup_file" in answer:
                result["backup_file"] = answer["backup_file"]
        return result

    def _read(self, path: str, create: bool, task_vars: dict[str, t.Any]) -> bytes:
        data = self.read(path, task_vars)
        if data is not None:
            return data
        if not create:
            raise FileProblem(
                "path is %r: there is no such file. Give the path of the orchestrator's aegis-config.yaml, or set "
                "create to true for a new one that holds nothing but this block." % path
            )
        self.check_directory(path, task_vars)
        return b""
