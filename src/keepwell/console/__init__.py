"""Pages for people, at `/`: server-rendered, live without a reload, everything from this package.

A page is a template, a view (a function from records to what the template needs) and a route. Charts
are drawn by the server as SVG; only pages with many points load Plotly. A page asks for its own content
every few seconds and is morphed into it, so there is one template for the first sight and the updates.
"""
