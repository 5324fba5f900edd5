"""The addresses of web chat: JSON for the visitor's page, which stands on a site of somebody else."""
