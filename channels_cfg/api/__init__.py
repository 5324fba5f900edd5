"""How machines come in: who they are, and how they are told what went wrong."""
