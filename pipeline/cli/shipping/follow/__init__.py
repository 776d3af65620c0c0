"""Files that grow, are rotated, compressed and deleted, and are gone on with after a restart: `pipeline put --follow`.

    bookmark    how far a file was shipped, and what it is known by, whatever it is called by now
    store       the bookmarks, on disk
    known       the bookmarks, in memory; which of them is new or forgotten
    content     the bytes of a file by their place, unpacked where it is compressed
    tailed      a file that is read: from its bookmark on, as it grows
    whereabouts where a file is now
    matching    which bookmark a file is the continuation of
    arrivals    who a file is that is not followed yet
    follower    one look at all files after the other; `step` does all of one
    run         steps, until a signal comes

A file is known by its first line, by its beginning, and by the bytes before the place it was shipped to; its inode and
its name say which bookmarks to look at. So:

    renamed                      it is the same file: read to its end, and on, while the new one is read beside it
    copied and truncated         the copy goes on where the original was; what comes after the truncation is a new file
    compressed                   the same: what was shipped of it is not shipped again
    deleted                      what was not read is read while the file is still open, then it is let go
    gone while nobody looked     it is looked for beside its old place, by its old name with something after it

A bookmark is on disk before the first record of its file is sent, and only moves over records that have an outcome.
What was sent and not yet remembered when a crash comes is sent again, with the same ids.

A file that is cut off and written anew with the same bytes between two looks cannot be told from an untouched one.
"""
