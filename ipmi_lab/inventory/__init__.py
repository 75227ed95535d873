"""The BMCs of a lab: what is written of them, how they are chosen, where their secrets are."""
