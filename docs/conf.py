"""Sphinx's settings. `python docs/build.py FOLDER` lays out what is read here, and calls Sphinx."""

import re
import tomllib
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
METADATA = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REPOSITORY = METADATA["urls"]["Repository"]

project = METADATA["name"]
author = copyright = ", ".join(person["name"] for person in METADATA["authors"])
release = version = METADATA["version"]
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["README.md", "_build"]
default_role = "code"  # a name between single backticks in a docstring is code
add_module_names = False
suppress_warnings: list[str] = []

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say what may be handed over, with ranges and units
napoleon_custom_sections = [("Derivative", "returns_style")]
napoleon_use_rtype = False
napoleon_use_ivar = True

nb_execution_mode = "off"  # .ci/notebooks.py runs them, and compares their outputs with those that are shown
nb_mime_priority_overrides = [("html", "image/svg+xml", 0)]
nb_ipywidgets_js: dict[str, object] = {}
myst_enable_extensions = ["colon_fence", "html_image"]
myst_heading_anchors = 3

html_theme = "furo"
pygments_dark_style = "monokai"
html_title = f"glassgrad {release}"
html_static_path = ["_static"]
html_css_files = ["look.css"]
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False
html_favicon = "_static/icon.svg"
html_theme_options = {
    "source_repository": REPOSITORY,
    "source_branch": "main",
    "source_directory": "docs/",
    "top_of_page_buttons": [],
    "light_css_variables": {
        "color-brand-primary": "#1a6b3c",
        "color-brand-content": "#1a6b3c",
        "color-brand-visited": "#4d5f2a",
    },
    "dark_css_variables": {
        "color-brand-primary": "#7fd6a2",
        "color-brand-content": "#7fd6a2",
        "color-brand-visited": "#b9cf8e",
    },
}


def point_outside(app: Sphinx, name: str, source: list[str]) -> None:
    """Let a link to a file of the checkout that is not a page lead to the repository."""
    folder = (app.srcdir / name).parent

    def there(found: re.Match[str]) -> str:
        return found[0] if (folder / ".." / found[1].partition("#")[0]).exists() else f"]({REPOSITORY}/blob/main/{found[1]})"

    source[0] = re.sub(r"\]\(\.\./([^)\s]+)\)", there, source[0])


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("source-read", point_outside)
