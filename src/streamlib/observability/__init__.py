"""What one sees of a runtime from outside."""
