"""The backend of the sample system: a guest book and a look around the database, as JSON over HTTP."""
