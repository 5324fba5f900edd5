"""What machines may ask of reports."""
