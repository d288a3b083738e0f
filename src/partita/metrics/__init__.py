"""Measures of how good a model is, each with its uncertainty."""
