"""The resource types: find, create, change and delete each. Each AWS API has a module or a folder.

Not here: steps, state, terminal.
"""

from __future__ import annotations

from pkgutil import walk_packages

from provisioner.engine.resource_types import MODULES, TYPE_MAKER

TYPE_MAKER.append(f"{__name__}.cloudcontrol.resource")
MODULES.extend(module.name for module in walk_packages(__path__, f"{__name__}.") if not module.ispkg)
