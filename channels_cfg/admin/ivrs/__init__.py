"""IVR definitions: their form, their picture, and trying them out."""
