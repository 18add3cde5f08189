"""Verification: what receipts claim, computed again from the stores that they stand in.

`verify` takes a receipt, or a store for all of its receipts, and gives one `Finding` a claim.
Stores are read by `tamis.stores.protocol` alone, so that nothing here knows of files or tables.
Imports receipts, stores and plans; the filter itself is not asked.
"""
