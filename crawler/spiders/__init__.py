"""Hand-written spiders go here; one that has the name of a source definition wins over it."""
