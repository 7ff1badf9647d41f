"""AWS Identity and Access Management: users, roles, their keys and policies."""
