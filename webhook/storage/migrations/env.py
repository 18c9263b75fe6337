"""Runs the migrations for alembic, inside the transaction that `database.Database.migrate` has opened."""

from alembic import context

from webhook.storage.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
