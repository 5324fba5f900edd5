"""Conversations and their data, for machines."""
