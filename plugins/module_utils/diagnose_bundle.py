# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a support bundle: one archive of texts without secrets, for its owner alone."""

from __future__ import annotations

import io
import os
import posixpath
import tarfile
import typing as t

MODE = 0o600


def write(path: str, texts: t.Mapping[str, str], made: float, temporary: str) -> None:
    """Write the archive to ``temporary``, mode 0600 from its first byte on; the caller moves it to ``path``.

    Args:
        path: Where it will be; names the directory within the archive.
        texts: Content by name within the archive.
        made: Time of the files, in seconds since the epoch.
        temporary: Where to write, a path that does not exist yet.

    Raises:
        OSError: It cannot be written.
    """
    root = os.path.basename(path).split(".")[0] or "diagnose"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    with os.fdopen(descriptor, "wb") as stream, tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, text in sorted(texts.items()):
            content = text.encode("utf-8", "replace")
            entry = tarfile.TarInfo(posixpath.join(root, inside(name)))
            entry.size, entry.mtime, entry.mode = len(content), int(made), MODE
            archive.addfile(entry, io.BytesIO(content))


def inside(name: str) -> str:
    """Return a name that stays within the archive's directory, whatever a host called it."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts) or "unnamed"
