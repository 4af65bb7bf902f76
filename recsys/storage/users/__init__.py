"""Who somebody is: profiles, consents, aliases, and what is known of a user now."""
