"""Where an agent works: what waits, what is offered, what is being served."""
