"""Objects that are dropped into a bucket, line by line onto the stream.

notification   what the function is invoked with → where to begin: a new object, or one to go on with
records        an object → its lines, unpacked and in a format that its beginning tells, in bounded memory
lines          a line → an event that is checked, or why it can never be one
budget         what the time of an invocation is spent on
shipping       lines → the producer; each has one outcome, and those without one are where to go on
intake         the whole: one object after the other, until all are done or the time runs out
"""
