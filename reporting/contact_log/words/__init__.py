"""What was asked and counted, in words, tables, charts and addresses."""
