"""IVR definitions as plain data: what is wrong with one, how a call goes through it, how it is drawn.

No database here: models, pages and the telephone system ask alike.
"""
