"""How each language writes dates and numbers, where that is not Django's way."""
