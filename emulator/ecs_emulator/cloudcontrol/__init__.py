"""The Cloud Control API: AWS's resource types by their schemas, each served by calls to the type's own API.

As on AWS, a handler calls in the name of who called Cloud Control. So the rules, refusals, faults and policies of each
service apply by themselves, and what stands behind a resource can be changed through its own API, and is read back.
"""
