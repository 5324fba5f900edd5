"""The Contact Log: filled by the reporting job, asked by pages, API and files."""
