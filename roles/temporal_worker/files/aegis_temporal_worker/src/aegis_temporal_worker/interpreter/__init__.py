# SPDX-License-Identifier: Apache-2.0
"""The interpreter of AEGIS state machines: pure and deterministic.

It runs inside a Temporal workflow, so the same input must give the same steps for ever: no input or output, no clock,
no randomness, no threads, no iteration over sets. Whatever touches the outside goes through ``outside.Outside``. A
test reads the sources of this package and refuses anything else.

Contents page: ``definition`` (what is interpreted), ``start`` (the start argument), ``blackboard`` (the data),
``templates`` (text with names in it), ``conditions`` (which transition), ``kinds`` (one module per state kind),
``events`` (what is told to the orchestrator), ``output`` (the final output), ``run`` (the loop).
"""

from __future__ import annotations
