"""Sizes and places: from a graph to a scene."""
