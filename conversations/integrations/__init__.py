"""Integrations at work: which answer an event, what they ask, and what becomes of the answer."""
