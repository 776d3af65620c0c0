"""What `pipeline put` is made of: inputs on one side, the producer on the other.

inputs      names, folders, patterns → files          sources     an open file, or a pipe; where its lines come from
reading     bytes → records of a known format
shipper     a record → the producer, and its outcome  sending     the producer, through an outage
once        every input from beginning to end
tally       what became of every line                 rejects     the file for lines that were not shipped
progress    how far it is, while it runs              stopping    Ctrl-C and SIGTERM
dry_run     the first events, and what it would cost  cost        prices
follow/     files that grow, are rotated and remembered
"""
