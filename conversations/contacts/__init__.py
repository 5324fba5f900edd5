"""External contacts: kept, found, merged, and associated with conversations."""
