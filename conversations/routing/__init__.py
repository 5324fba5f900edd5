"""Who is offered what: agents say whether they are ready, and what waits is offered to who is available longest."""
