"""Solutions live in a file of their own and see what their lesson sees: they run with the names of the lesson."""

import importlib.util
import types


def solutions_of(entry):
    """The module beside a lesson with its solutions, hints, known mistakes, band and budget."""
    path = entry.path.parent / "solutions" / entry.path.name
    spec = importlib.util.spec_from_file_location(f"solutions_{entry.number}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def grafted(function, namespace):
    """The same function, with its global names looked up in another namespace, now and later."""
    copy = types.FunctionType(function.__code__, namespace, function.__name__, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy
