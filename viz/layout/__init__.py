"""How large each thing is, where it stands, and the scene that comes of it."""
