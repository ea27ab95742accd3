"""Settings of the whole suite: hypothesis draws the same examples in every run, so that a red run can be repeated."""

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile("same")
