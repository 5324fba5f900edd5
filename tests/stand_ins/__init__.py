"""Other parties, standing in on loopback: they answer as their documentation says."""
