# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the AEGIS orchestrator: for tests, demonstrations and the quickstart, never for production.

It serves the parts of the orchestrator that the worker talks to: the gRPC runtime, the event route and the REST
look-ups. System commands really run, in a scratch directory; everything else is answered from a script.
"""

from __future__ import annotations

from typing import Final

NAME: Final = "aegis-standin"
"""Stands in every answer and every log line, so that nobody takes it for the orchestrator."""

HEADER: Final = "x-aegis-standin"
"""HTTP header and gRPC metadata key that carries ``NAME``."""
