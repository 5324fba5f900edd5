"""Extra data: which keys every channel and queue shows, passes on and keeps, decided on pages of their own."""
