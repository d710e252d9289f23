"""Shapes, colours, and writing them as SVG, PNG and PDF."""
