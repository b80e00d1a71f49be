"""axe-core against a page that is open in Chromium (N-116)."""

from pathlib import Path

from playwright.sync_api import Page

_AXE = Path(__file__).parents[1] / "peers" / "node_modules" / "axe-core" / "axe.min.js"
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """Return everything axe finds wrong with the page, a line each."""
    page.wait_for_load_state()
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    return list(
        page.evaluate(
            "async (rules) => (await axe.run({runOnly: rules})).violations"
            ".map((one) => one.id + ': ' + one.nodes.map((node) => node.html).join(' | '))",
            _RULES,
        )
    )
