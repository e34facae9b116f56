# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installs pip into an environment that has none, with the pip that is part of Python's ensurepip.

Stands where ansible-test expects the script get-pip.py: same arguments, but nothing is downloaded from elsewhere than
the package index. See ansible_test_sanity.sh.
"""

from __future__ import annotations

import ensurepip
import sys
from pathlib import Path


def main() -> None:
    """Call pip's ``install`` with the arguments that are pip's."""
    bundled = Path(ensurepip.__file__).parent / "_bundled"
    # Debian moves the wheels out of the package.
    places = (bundled, Path("/usr/share/python-wheels"))
    wheels = [wheel for place in places for wheel in place.glob("pip-*.whl")]
    if not wheels:
        sys.exit("No wheel of pip in %s. Debian has it in the package python3-venv." % bundled)
    sys.path.insert(0, str(wheels[0]))
    from pip._internal.cli.main import main as pip

    # These two are get-pip's own; pip does not know them.
    arguments = [one for one in sys.argv[1:] if one not in ("--no-setuptools", "--no-wheel")]
    sys.exit(pip(["install", *arguments]))


if __name__ == "__main__":
    main()
