"""What HTTP asks of every route: parameters, bodies, problems, schemas."""
