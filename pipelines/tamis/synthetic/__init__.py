"""Synthetic feeds: records of nobody, made from a schema and a seed. For the demo and the tests."""
