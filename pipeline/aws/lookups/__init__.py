"""Where facts come from: the adapters behind `pipeline.lookups`, one a kind, and `Together`, which asks them all.

What a lookup may not do, or is not there, is raised as Misconfiguration. What is out of reach for now is Unavailable.
"""
