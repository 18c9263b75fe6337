"""Migrations of the store's schema, run by `database.Database.migrate` at every start."""
