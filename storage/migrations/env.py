"""Alembic's entry: runs the migrations on the connection that `storage.migrating` hands over."""

from alembic import context

from storage.migrations.env_options import comparison
from storage.tables import Staff

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Staff.metadata,
    render_as_batch=True,
    **comparison(),
)
with context.begin_transaction():
    context.run_migrations()
