# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in the store, as its callers need to tell it apart."""

from __future__ import annotations


class StoreError(Exception):
    """Base of all errors of the store."""


class StoreUnavailableError(StoreError):
    """The database cannot answer now; trying again later may succeed."""


class DefinitionRefusedError(StoreError):
    """The database refuses this definition, for example by a check of its columns; the text says why."""


class InvalidPageTokenError(StoreError):
    """A page of the list was asked for with a token that is none."""
