"""The database: connections, the runner of migrations, and our own PostgreSQL for those who have none.

Whoever needs a database takes ``DATABASE_URL``, else ``embedded.start_embedded``. No school's words here.

Tables: kit_migration.
"""
