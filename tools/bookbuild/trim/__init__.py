"""Make the built site light and self-contained.

Sphinx's themes ship for every need: two thousand icons and a script to draw them, icon fonts, a
whole CSS framework, source maps, a search index on each page. `trim_site` keeps what this site's
pages use and works on the HTML folder in place. It knows the files of the pinned theme; where one
does not look as expected it raises `TrimError` instead of writing a site that might be broken.

`page_weights` and `external_requests` read a site and change nothing; tests hold them to
a budget and to an empty list.
"""

from pathlib import Path

from bookbuild.trim import icons, pages, stylesheets
from bookbuild.trim._common import TrimError
from bookbuild.trim.weights import external_requests, page_weights

__all__ = ["TrimError", "external_requests", "page_weights", "trim_site"]


def trim_site(html_dir: Path) -> None:
    """Trim the built site in `html_dir`, in place. A second call changes nothing."""
    html_dir = Path(html_dir)
    if not (html_dir / "_static").is_dir():
        raise TrimError(f"{html_dir} is not a built site: it has no _static folder")
    pages.trim(html_dir)
    icons.leave_the_engine(html_dir)  # first: its script names every icon class there is
    stylesheets.trim(html_dir)
    icons.trim_fonts(html_dir)
