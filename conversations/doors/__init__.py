"""How people and machines outside come in."""
