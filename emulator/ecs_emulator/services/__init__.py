"""One folder an API: what the embedded cloud knows of it.

`__init__` has the description (`API`), and loads nothing of moto. The other modules do; each may be missing:

`rules`        AWS's refusals, states and missing operations, laid over moto's classes; `API.modules` names more
`permissions`  `asks(call)`: what AWS asks for at a call, with the sources
`tags`         `of(account, region, arn, resource)`: the tags of a resource; `rows(account, region)`: all tagged ones

`rules`, `paging`, `refusals`, `faults` and `authorization` fold over them, and have no tables by API of their own.
"""
