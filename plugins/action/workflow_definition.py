# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads C(src) on the control node, so that the file need not be where the module runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.aegis.temporal.plugins.module_utils.workflow_definitions import no_json


class ActionModule(ActionBase):
    """Hands the content of C(src) to the module as C(definition)."""

    TRANSFERS_FILES = False

    def run(self, tmp: None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the module."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        src = arguments.get("src")
        if src is not None:
            if arguments.get("definition") is not None:
                raise AnsibleActionFail("definition and src are both set. Give one of them.")
            arguments["definition"] = self._read(str(src))
        result.update(
            self._execute_module(
                module_name="aegis.temporal.workflow_definition", module_args=arguments, task_vars=task_vars
            )
        )
        return result

    def _read(self, src: str) -> dict[str, Any]:
        # As the module copy looks for its files; a vaulted one is decrypted.
        path = self._find_needle("files", str(Path(src).expanduser()))
        text = self._loader.get_text_file_contents(path)
        try:
            definition = _parsed(text)
        except (ValueError, yaml.YAMLError) as error:
            raise AnsibleActionFail(f"src is {src!r}: neither JSON nor YAML: {error}") from None
        if not isinstance(definition, dict):
            raise AnsibleActionFail(f"src is {src!r}: it holds a {type(definition).__name__}, not one definition.")
        faults = list(no_json(definition))
        if faults:
            raise AnsibleActionFail(f"src is {src!r}: not usable as JSON: {'; '.join(faults)}.")
        return definition


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        # PyYAML knows most of JSON, but not all of it.
        return yaml.safe_load(text)
