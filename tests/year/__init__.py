"""A simulated year: random people, plans, edits, faults and restarts, with every promise checked on the way."""
