# SPDX-License-Identifier: Apache-2.0
"""How the C library keeps memory that the process has given back."""

from __future__ import annotations

import ctypes
from typing import Final

# Names and numbers of glibc's malloc.h; see mallopt(3).
_TRIM_THRESHOLD: Final = -1
_ARENA_MAX: Final = -8
_ARENAS: Final = 2
_KEPT_BYTES: Final = 128 * 1024


def keep_little() -> None:
    """Give freed memory back to the system, and let threads share their pools; call it before threads are started.

    glibc's own choice is eight pools for each core, and a limit for what it keeps that rises with the largest block
    ever freed: some MiB for a process that never needs them. Another C library is left as it is.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_ARENA_MAX, _ARENAS)
        set_option(_TRIM_THRESHOLD, _KEPT_BYTES)
