# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What actions share that work out a file on the control node: the host needs no library for it."""

from __future__ import annotations

import base64
import os
import tempfile
import typing as t

from ansible import constants
from ansible.plugins.action import ActionBase


class FileProblem(Exception):
    """The file cannot be read or written; the text says what to change."""


class FileAction(ActionBase):  # type: ignore[misc]  # Ansible ships no types
    """Reads and writes one file of the host with the modules of ansible-core."""

    _supports_check_mode = True
    _supports_async = False
    TRANSFERS_FILES = True

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Return what `work` returns, or its problem as the task's failure."""
        super().run(tmp, task_vars)
        try:
            return self.work(task_vars or {})
        except FileProblem as problem:
            return {"failed": True, "changed": False, "msg": str(problem)}
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)

    def work(self, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Do what the task says and return its result; raises FileProblem."""
        raise NotImplementedError

    def host_path(self, path: str) -> str:
        """Return ``path`` with ~ replaced by the home on the host; an option of type path would take ours."""
        expanded: str = self._remote_expand_user(path)
        return expanded

    def read(self, path: str, task_vars: dict[str, t.Any]) -> bytes | None:
        """Return the content of ``path``, through links; None where there is nothing.

        Raises:
            FileProblem: Not a file, or it may not be read.
        """
        facts = self._stat(path, task_vars)
        if not facts["exists"]:
            return None
        if not facts.get("isreg"):
            raise FileProblem("path is %r: this is no file. Give the path of a file." % path)
        found = self._execute_module("ansible.legacy.slurp", {"src": path}, task_vars=task_vars)
        if found.get("failed"):
            raise FileProblem("path is %r: it cannot be read (%s). Check become." % (path, found.get("msg")))
        return base64.b64decode(found["content"])

    def check_directory(self, path: str, task_vars: dict[str, t.Any]) -> None:
        """Refuse a new file for which there is no directory, in check mode too.

        Raises:
            FileProblem: It is not there.
        """
        directory = os.path.dirname(path) or "/"
        if not self._stat(directory, task_vars).get("isdir"):
            raise FileProblem("path is %r: the directory %s does not exist. Create it first." % (path, directory))

    def write(
        self, path: str, content: bytes, task_vars: dict[str, t.Any], diff: bool = False, **options: t.Any
    ) -> dict[str, t.Any]:
        """Put ``content`` in the place of the file and return the answer of ansible.builtin.copy.

        It is written beside the file and moved, so nobody ever reads a half. A file keeps its mode, owner and links.
        ``options`` are those of that module. With ``diff`` it may show the whole file, before and after.

        Raises:
            FileProblem: The module failed.
        """
        handle, source = tempfile.mkstemp(dir=constants.DEFAULT_LOCAL_TMP)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            task = self._task.copy()
            task.diff = diff and self._task.diff
            task.args = {"src": source, "dest": path, "follow": True, **options}
            action = self._shared_loader_obj.action_loader.get(
                "ansible.legacy.copy",
                task=task,
                connection=self._connection,
                play_context=self._play_context,
                loader=self._loader,
                templar=self._templar,
                shared_loader_obj=self._shared_loader_obj,
            )
            answer: dict[str, t.Any] = action.run(task_vars=task_vars)
        finally:
            os.unlink(source)
        if answer.get("failed"):
            reasons = [str(answer[name]).strip() for name in ("msg", "stdout", "stderr") if answer.get(name)]
            raise FileProblem("path is %r: it cannot be written (%s)." % (path, "\n".join(reasons)))
        parts = answer.get("diff") or []
        # Of a file that stays as it is check mode tells one difference, of its attributes, and no list.
        for part in [parts] if isinstance(parts, dict) else parts:
            # The module names the temporary file.
            part["after_header"] = part["before_header"] = path
        return answer

    def _stat(self, path: str, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        options = {"path": path, "follow": True, "get_checksum": False, "get_mime": False, "get_attributes": False}
        answer = self._execute_module("ansible.legacy.stat", options, task_vars=task_vars)
        if answer.get("failed"):
            raise FileProblem("path is %r: it cannot be looked at (%s)." % (path, answer.get("msg")))
        return dict(answer["stat"])
