"""A first schema for a feed that nobody has described: sample, evidence, guesses, YAML."""
