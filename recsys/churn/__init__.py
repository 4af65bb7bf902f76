"""How likely the user is to churn."""
