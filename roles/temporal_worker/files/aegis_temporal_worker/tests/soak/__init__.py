# SPDX-License-Identifier: Apache-2.0
"""Nothing is lost: many runs, an orchestrator that is away, and a worker that is killed again and again."""
