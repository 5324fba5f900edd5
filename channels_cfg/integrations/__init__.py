"""Words of integrations: JSON with positions, paths, placeholders, conditions, and what a configuration says."""
