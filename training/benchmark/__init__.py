"""Published protocols: rank with our algorithms, measure as the papers do."""
