"""Web chat: visitors of a web page and agents write to each other. What a visitor does is answered at once."""
