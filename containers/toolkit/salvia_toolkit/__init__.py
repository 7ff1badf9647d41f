"""What Salvia's images share: a model server, and what runs a user's scripts."""
