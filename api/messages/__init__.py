"""What is said over HTTP: one typed value a message gives its JSON, its schema and its parser."""
