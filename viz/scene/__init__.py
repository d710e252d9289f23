"""Shapes in points, their colours, and the files they are written as."""
