# SPDX-License-Identifier: Apache-2.0
"""When Python looks for objects that nothing but each other refers to (see the documentation of ``gc``)."""

from __future__ import annotations

import gc
from typing import Final

# New objects before a look at the new ones; such looks before one at the survivors; and such before one at all.
_THRESHOLDS: Final = (700, 2, 1)


def collect_often() -> None:
    """Look often, but only at what comes after this call; call it when everything is loaded.

    The SDK keeps each run in an event loop of its own, and the loop, its tasks and the run refer to each other: some
    80 objects, 28 KiB, that stay after the run's end until they are looked for. Python's own thresholds look through
    old objects after 70,000 new ones, and only when a quarter as many as there were have come: by then some 850 ended
    runs are kept. What was loaded at the start is 95,000 objects; setting it aside makes a look cost little.
    """
    gc.collect()
    gc.freeze()
    # Without it the quarter would still be that of the objects set aside.
    gc.collect()
    gc.set_threshold(*_THRESHOLDS)
