"""Doors: the ways in which conversations come from outside.

A door brings a receiver, which checks who sent something and keeps it as a delivery, and a handler, which applies one.
The log of deliveries, claims, retries, dead letters, the destruction of bodies and the page about it all are the same
for every door, and so are the references under which conversations are known outside and finding the queue by its
address.
"""
