"""The voice door: what a telephone system tells of its calls, and what goes back to it.

A telephone system is an API client that serves the queues of its calls. It is answered at once, from the transaction
that its news made; nothing is taken in to be applied later.
"""
