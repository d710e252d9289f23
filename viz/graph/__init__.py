"""The graph that a picture shows, read from Values, and what is said about it."""
