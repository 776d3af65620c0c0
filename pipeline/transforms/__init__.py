"""Small, pure steps on an event, one family a file. A transform takes an event and returns none, one or many."""
