"""What visitors do on the pages of getting back in."""

from tests.visitor import Visitor

WORD_OF_PICTURE = {"æble": "aeble", "træ": "trae", "båd": "baad", "nøgle": "noegle"}


def page(visitor: Visitor, tail: str) -> str:
    """The address of a page of this visitor's journey."""
    return "/".join(visitor.path.split("/")[:3]) + f"/{tail}"


def go(visitor: Visitor, tail: str) -> Visitor:
    """Open a page of this visitor's journey."""
    visitor.open(page(visitor, tail))
    return visitor


def follow(visitor: Visitor, text: str) -> Visitor:
    """Press the link that says so."""
    links = visitor.document.xpath(f"//main//a[contains(normalize-space(.), '{text}')]/@href")
    assert links, f"no link says {text!r}: {visitor.text}"
    visitor.open(str(links[0]))
    return visitor


def to_mitid(visitor: Visitor, tail: str) -> Visitor:
    """Leave for MitID from one of the pages that ask for it."""
    go(visitor, tail)
    visitor.submit(button=("provider", "nemlogin3"))
    return visitor


def shown_pictures(visitor: Visitor) -> list[str]:
    """The ids of the pictures that the page shows, in order."""
    words = [str(word) for word in visitor.document.xpath("//*[@class='shown-word']/text()")]
    return [WORD_OF_PICTURE.get(word, word) for word in words]


def shown_words(visitor: Visitor) -> str:
    """The password that the page shows."""
    return str(visitor.document.xpath("string(//p[@class='secret'])"))


def practise(visitor: Visitor, pictures: list[str]) -> Visitor:
    """From the page that shows the pictures: try them, one tap at a time."""
    follow(visitor, "Prøv dem")
    return tap(visitor, pictures)


def tap(visitor: Visitor, pictures: list[str]) -> Visitor:
    """Tap pictures one by one, as without JavaScript, and press the button."""
    for picture in pictures:
        visitor.submit(button=("picture", picture))
    visitor.submit(button=("next", "1"))
    return visitor


def signs_in(visitor: Visitor, secret: str | list[str]) -> bool:
    """From the page of the secret: whether this one signs in."""
    if isinstance(secret, list):
        tap(visitor, secret)
    else:
        visitor.submit({"password": secret})
    return visitor.moves_on


def says_so_in(visitor: Visitor, english: str) -> Visitor:
    """Whether the page that says why not is still there in the other language, and after a reload in one's own."""
    danish = visitor.heading
    links = [str(link) for link in visitor.document.xpath("//a[contains(@href, '?lang=')]/@href")]
    for language, heading in (("en", english), ("da", danish)):
        visitor.open(next(link for link in links if link.endswith(language)))
        assert visitor.heading == heading
    return visitor
