"""The site: `python -m sphinx -W -n -b html docs docs/_build/html`, from the root of the project."""

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

project = "tinygrad_rnn"
author = "the authors of tinygrad_rnn"
release = importlib.import_module("tinygrad_rnn").__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "docs.writer.extension"]
exclude_patterns = ["_build", "README.md", "first_steps.ipynb"]  # the notebook is a download
myst_enable_extensions = ["attrs_inline", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # docs/writer/course.py runs them
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
add_function_parentheses = False
maximum_signature_line_length = 100
toc_object_entries_show_parents = "hide"
python_use_unqualified_type_names = True
nitpicky = True

html_theme = "furo"
html_title = "tinygrad_rnn"
(ROOT / "docs" / "_build" / "static").mkdir(parents=True, exist_ok=True)  # what the pages are made with
html_static_path = ["_static", "_build/static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
