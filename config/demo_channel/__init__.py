"""The demonstration's messaging channel: it plays the vendor and its customers, beside ``make demo`` alone."""
