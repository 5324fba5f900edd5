"""The one place where attached data is attached, kept, destroyed and posted.

While a conversation is active its pairs are rows of live data. Its end moves the pairs that the settings keep to the
conversation itself and deletes the others; of those only key name and reason stay (rules 3, 5 and 12 of the domain).
"""
