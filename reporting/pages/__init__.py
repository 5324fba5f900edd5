"""The pages of reporting staff."""
