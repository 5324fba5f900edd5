"""External contacts and conversations as Genesys Cloud's own API has them, so that its SDK works against us.

The vendor describes these calls; ours are the part of them that the facts on Genesys Cloud name.
"""
