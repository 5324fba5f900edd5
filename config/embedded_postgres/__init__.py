"""A database backend that brings its own PostgreSQL: the server starts with the first connection."""
