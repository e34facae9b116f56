# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wheels and archives whose bytes depend on their content alone: not on the time, the user, the umask or zlib."""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
import time
import typing as t
import zipfile

# The first moment that a ZIP file can express (1980-01-01 00:00:00 UTC), as SOURCE_DATE_EPOCH.
EPOCH = 315532800
_FILE_MODE = 0o644


def sha256_of(path: str) -> str:
    """Return the hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def requirement_of(wheel: str) -> str:
    """Return ``name==version`` with the normalised name (PEP 503) for the file name of a wheel (PEP 427).

    Raises:
        ValueError: The name is not that of a wheel.
    """
    parts = wheel[: -len(".whl")].split("-")
    if not wheel.endswith(".whl") or len(parts) not in (5, 6):
        raise ValueError("%r is not the file name of a wheel" % wheel)
    return "%s==%s" % (re.sub(r"[-_.]+", "-", parts[0]).lower(), parts[1])


def normalise_wheel(source: str, target: str) -> None:
    """Write the wheel ``source`` anew without compression, with fixed order, times and modes.

    Compressed bytes differ between builds of zlib. Without compression the same sources make the same wheel, and so
    the same hash, on every machine. RECORD stays valid: it digests the files, not the ZIP.
    """
    moment = time.gmtime(EPOCH)[:6]
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        # PEP 427 recommends that the metadata come last; the sort keeps it so.
        for name in sorted(old.namelist(), key=lambda name: (".dist-info/" in name, name)):
            entry = zipfile.ZipInfo(name, moment)
            entry.create_system = 3  # Unix: the upper half of external_attr is a file mode
            entry.external_attr = _FILE_MODE << 16
            new.writestr(entry, old.read(name))


def write_archive(path: str, directory: str, extra: t.Mapping[str, bytes]) -> None:
    """Write the files of ``directory`` and those of ``extra`` (name to content) into a plain tar archive, side by side.

    Plain tar, because wheels are compressed already and gzip's bytes differ between builds of zlib.
    """
    contents = dict(extra)
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), "rb") as file:
            contents[name] = file.read()
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(contents):
            entry = tarfile.TarInfo(name)
            entry.size = len(contents[name])
            entry.mtime = EPOCH
            entry.mode = _FILE_MODE
            archive.addfile(entry, io.BytesIO(contents[name]))
