"""The commands that train, measure, search, forecast and look after models and data."""
