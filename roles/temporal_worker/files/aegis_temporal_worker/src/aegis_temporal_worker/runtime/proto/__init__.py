# SPDX-License-Identifier: Apache-2.0
"""Messages and stubs generated from ``aegis_runtime.proto``; regenerate.py writes them, nobody edits them."""
