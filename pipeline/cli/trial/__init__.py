"""What `pipeline transform` is made of: lines on one side, what would become of them on the other; nothing of AWS.

schemas     the schemas and routes to run with            route       one that is not registered yet
given       a line → the records it stands for            reading     inputs → records, in chunks
run         records → outcomes, by the functions' stages  outcome     what became of one record
facts       what lookups find here
trace       what each stage did to one record             changes     before and after → what differs
show        outcomes on a terminal, or as NDJSON          explain     the stages of one, the same way
counts      the ledger, and where to look first
"""
