"""Looking back: conversations that one may view, and what is left of them."""
