"""Names and words as people and attackers have them: they are shown as they are, and do nothing."""

ATTACKS = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "' onfocus=alert(1) autofocus='",
    "</title></script><script>alert(1)</script>",
    "</form><form action=//evil.example>",
    "<svg/onload=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "{{ 7*7 }}{% if 1 %}${7*7}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!--<meta http-equiv=refresh content=0;url=//evil.example>",
    "<base href=//evil.example>",
    "`${alert(1)}`",
)
ATTACKS_TOGETHER = (
    " ".join(ATTACKS[:3]),
    " ".join(ATTACKS[3:5]),
    *(" ".join(ATTACKS[at : at + 2]) for at in (5, 7, 9)),
    ATTACKS[11],
)
"""The same, as few as fit into the name of a service."""

REAL = ("O'Brien & Sønner", "Zoë", "Åse Ærø", "𝒜lma", "Ðuro Șerban", "Nguyễn Thị", "أحمد", "王小明", "B")
INVISIBLE = ("\u202eenigaR", "Ann\u200ba", "\ufeffBo", "\u2066Ida", "a\u2028b")
TALL = "Z" + "\u0301\u0316" * 150
LONG = "Wolfeschlegelsteinhausenbergerdorff" * 6
EMPTY = ("", "   ")
