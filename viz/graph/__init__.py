"""What is to be seen: nodes, edges and numbers, read from Values, and what can be said about them."""
