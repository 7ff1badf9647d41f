"""The one catalogue of tables; each `tables*.py` adds its own."""

import importlib
import pkgutil

from sqlalchemy import MetaData

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def load() -> None:
    """Import every module of tables, so that METADATA is whole."""
    package = __name__.rpartition(".")[0]
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if module.name.startswith("tables"):
            importlib.import_module(f"{package}.{module.name}")
