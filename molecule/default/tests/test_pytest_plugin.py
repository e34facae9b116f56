# Copyright: (c) 2026, The aegis.temporal developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pytest plugin on a real deployment: every check is a test, and the example of its page passes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)


def test_every_check_and_the_example_of_the_page_pass(deployment, credentials, tmp_path):
    (example,) = EXAMPLE.findall((REPOSITORY / "docs" / "pytest.md").read_text(encoding="utf-8"))
    file = tmp_path / "test_mine.py"
    file.write_text(example, encoding="utf-8")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "aegis_temporal_verify.plugin", "-p", "no:cacheprovider"),
            *("--rootdir", str(tmp_path), "-c", "/dev/null", "-rs", "--temporal-inventory", str(deployment.inventory)),
            *("--pyargs", "aegis_temporal_verify", str(file)),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY / "extensions" / "pytest"),
            # Only what a user has is loaded, not this repository's other plugins.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
    )
    assert run.returncode == 0, run.stdout + run.stderr
    # The two checks of HAProxy and the one of versions of the worker, which this inventory does not have.
    assert re.search(r"\d+ passed, 3 skipped in", run.stdout), run.stdout
    assert re.search(r"^SKIPPED \[3\] .*: the inventory has no hosts for it$", run.stdout, re.MULTILINE), run.stdout
    assert not any(password in run.stdout + run.stderr for password in credentials.values())
