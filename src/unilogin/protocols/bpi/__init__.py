"""BPI: the web services that schools' systems deliver by. SOAP with signed messages (wsaIMPORT 8), and plain uploads.

Tables: bpi_certificate.
"""
