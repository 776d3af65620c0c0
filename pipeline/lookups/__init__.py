"""What an event is given that it did not bring, one family a file. Each names a place to look it up in, and a field.

    table       a row of the reference table
    row         a row of a CSV or NDJSON object under `reference/`
    place       where an address is, by a MaxMind database under `reference/`
    deployed    stage, region and account of this deployment
    secret      keys, with which fields are pseudonymised

A route declares them in `lookups`, after its transforms. What one wants of a batch is fetched in one go (`Want`), and
given to it as facts; so all here is pure. Wrong settings raise WrongDeclaration at import, as those of transforms do.

In common they have:

into      the field for the fact.
optional  while the fact is out of reach: False, the record is delivered again until it is there, and all after it;
          True, the event goes on with a mark in its place, `{"unavailable": "customers"}`, and it is counted.
missing   when there is no such fact: "leave" the event as it is, "reject" it (a dead letter, rejected_by_transform),
          or `default(value)` in its place.

A field to look up by that is absent or null leaves the event as it is. In the examples
`enriched(lookup, data, fact)` is the data of the event that comes out.
"""

from pipeline.lookups.deployed import deployment
from pipeline.lookups.fact import default
from pipeline.lookups.place import geoip
from pipeline.lookups.row import object_row
from pipeline.lookups.secret import pseudonymised
from pipeline.lookups.table import reference

__all__ = ["default", "deployment", "geoip", "object_row", "pseudonymised", "reference"]
