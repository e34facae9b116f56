# SPDX-License-Identifier: Apache-2.0
"""Parts of libraries that the worker never uses: they are loaded when somebody does use them, not at the start."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType
from typing import Final

# The SDK imports all of them for its client of every service, and for activities in processes of their own. A module
# can stand here when whoever imports it only names it, and asks it for something later ("import a.b", then "a.b.c").
LATE: Final = frozenset(
    {
        "multiprocessing.managers",
        "temporalio.api.cloud.cloudservice.v1",
        "temporalio.api.operatorservice.v1",
        "temporalio.api.testservice.v1",
    }
)


class _LateFinder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in LATE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def load_late() -> None:
    """Let the modules of ``LATE`` wait for their first use; call it before they are imported.

    They are fifty modules with hundreds of classes: two MiB, and a part of the time that a start takes. Should the SDK
    come to use one, it is loaded then: nothing else changes.
    """
    sys.meta_path.insert(0, _LateFinder())
