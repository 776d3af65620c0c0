"""Growing the event types: schemas that are well made, that stay compatible, and that are proposed from records.

    document        a file → a schema, or what is wrong with the file
    keywords        what JSON Schema 2020-12 knows, and where schemas lie within schemas
    lint            what a schema must be for a user to rely on it
    compatibility   what an edit of a released schema breaks, by a table
    released        the schemas of a git revision
    inference       records → a schema
    scaffold        a type → a schema, a route and a test to begin with

Only commands use it; it is no part of what the functions run.
"""
