"""Renderers: stored findings in, documents out."""

BUILTIN = {
    "html": ".html:HtmlRenderer",
    "markdown": ".markdown:MarkdownRenderer",
}
