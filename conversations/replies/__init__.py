"""Replies: what an agent sends the customer, from the written word to how far it got."""
