"""Running data actions, in the steps of the facts on Genesys Cloud, through the one way out."""
