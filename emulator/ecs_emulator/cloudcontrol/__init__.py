"""The Cloud Control API: AWS's resource types by their schemas, each served by calls to the type's own API.

As on AWS, a handler calls the type's API with the identity of Cloud Control's caller. So each service's rules,
refusals, faults and policies apply here too. A resource can also be changed through its own API: Cloud Control then
reads the changed values.
"""
