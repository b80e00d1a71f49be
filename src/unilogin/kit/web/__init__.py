"""HTTP for people and machines: the list of URLs, the frame around every answer, forms, cookies and pages."""
