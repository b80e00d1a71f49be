"""The look (udseendet): one stylesheet, one set of components, the word mark and the twenty pictograms.

Templates are named ``look/base.html`` and ``look/components.html``; a page extends the first and imports the second.
What a page must hand over is written at the top of each template, and together in ``docs/reference/look.md``.
Tables: none.
"""
