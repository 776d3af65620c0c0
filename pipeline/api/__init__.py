"""The HTTP API behind API Gateway: events in by POST, events and states out by GET.

    proxy.py     a REST API's proxy event → Request; Response → what API Gateway wants back
    problem.py   what is wrong, as application/problem+json (RFC 9457)
    endpoint.py  a Request to the operation of its resource and method; whatever happens, a Response
    ingest.py    POST /events, POST /events/{name}
    query.py     GET /events, /events/{name}, /state/…, /health, /openapi.json
    openapi.py   all of it as an OpenAPI 3.1 document

API Gateway has found the resource already (`/state/{table}/{key}`), so an operation is looked up by it in a dict. The
event handler of Powertools would match the path a second time, and not at all where a key holds a `#` or a quotation
mark; importing it takes as long as all else of a cold start.

A request ends in a Response, or in a Misconfiguration, which is raised: API Gateway answers 502 then, and alarms look
at the errors of functions. No log line holds content, keys or ids.
"""
