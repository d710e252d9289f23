"""What users see: drawings, walks, explanations, comparisons. A new view is a new file here."""
