"""E-mail tasks of other systems: accepted and answered at once, applied by a worker a moment later."""
