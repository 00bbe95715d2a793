"""Kills at random while people write and messages fall due; then the ledger against the database.

`python -m tests.chaos --help`.
"""
