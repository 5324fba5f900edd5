"""Data actions, their drafts and connections in the System Configurator."""
