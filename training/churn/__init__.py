"""How likely to churn: choosing, fitting, measuring."""
