"""Data actions: one call to somebody else's API, as contract, request template, translation map and success template.

The published file format and its rules are Genesys Cloud's (specification 004). Nothing here calls out or reads the
database.
"""
