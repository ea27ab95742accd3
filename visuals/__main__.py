"""Draw the gallery anew: `python -m visuals`."""

import importlib
import pkgutil
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def pictures():
    """(name, drawing) of every script in this folder."""
    for module in pkgutil.iter_modules([str(FOLDER)]):
        if not module.name.startswith("_"):
            yield module.name, importlib.import_module(f"visuals.{module.name}").picture()


if __name__ == "__main__":
    for name, drawing in pictures():
        drawing.save(FOLDER / f"{name}.svg")
        print(f"visuals/{name}.svg")
