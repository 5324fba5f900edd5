"""The session metadata file (specification 003): one JSON document for a voice or chat conversation."""
