"""The gallery: one short script per picture, each with a `picture()` that draws it."""
