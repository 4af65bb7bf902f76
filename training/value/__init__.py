"""What users are worth: measured on held-out orders."""
