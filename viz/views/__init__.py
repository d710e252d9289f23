"""What a user gets: drawings, walks, explanations, comparisons."""
