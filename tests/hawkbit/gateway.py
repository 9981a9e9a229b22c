# SPDX-License-Identifier: Apache-2.0
"""The example product, built, sealed and bundled."""
