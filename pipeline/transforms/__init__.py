"""Small, pure steps on an event, one family a file. A transform takes an event and returns none, one or many.

    parse/         text, a pattern, a time, a user agent, a URL, an address → fields
    shape cast     rename, move, copy, delete, default, merge, flatten; another type
    split parts    one event → many, and what is looked at among these
    filter         what is dropped on purpose; `predicate` says which
    mask           personal data and secrets made unreadable; `pseudonymise` keeps them comparable
    tag compute    what is added
    lambda_log     what Lambda functions write to CloudWatch Logs
    http           what a request tells of its user agent, its URL and its severity
    flow           `when` and `attempt`, of which all others are made to fit together

Each is made once, in a route, of its settings: a wrong one raises WrongDeclaration there, with the place and the
remedy. A field is named by a JSON pointer into the data (see `path`). One that is absent leaves the event as it is; a
value that does not fit raises Rejection, and `flow.attempt` says what to do instead. The event that comes in is never
changed, and what a transform does not touch is shared.

In the examples `after(transform, data)` is the data of each event that comes out.
"""
