"""The forecasts for any file."""
