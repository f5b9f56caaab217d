"""The emulated APIs, one folder each.

`__init__` has the API's description (`API`) and does not load moto. The other modules do; each may be missing:

`rules`        AWS's refusals, states and missing operations, patched into moto's classes; `API.modules` names more
`permissions`  `asks(call)`: the permissions that AWS checks at a call, with the sources
`tags`         `of(account, region, arn, resource)`: the tags of a resource; `rows(account, region)`: all tagged ones

`ecs_emulator`'s `rules`, `paging`, `refusals`, `faults` and `authorization` read these folders; they have no tables by
API of their own.
"""
