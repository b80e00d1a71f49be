"""The twenty pictures a picture code is made of, in the fixed order of the grid (four columns, five rows).

The order never changes: a child remembers *where* the sun is as much as *that* it is the sun. The words are everyday
nouns that do not rhyme with each other, and neighbours in the grid share neither outline nor kind. The drawings are
``pictograms/<id>.svg``, ours, and ``id`` is the Danish word with æ, ø, å written ae, oe, aa.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pictogram:
    """One picture and the words it is called by."""

    id: str
    word_da: str
    word_en: str

    @property
    def asset(self) -> str:
        """The name of the drawing, as the template function ``asset`` takes it."""
        return f"pictograms/{self.id}.svg"

    def word(self, language: str) -> str:
        """Return what the picture is called; Danish unless English is asked for."""
        return self.word_en if language == "en" else self.word_da


COLUMNS = 4

PICTOGRAMS: tuple[Pictogram, ...] = (
    Pictogram(id="sol", word_da="sol", word_en="sun"),
    Pictogram(id="bil", word_da="bil", word_en="car"),
    Pictogram(id="kat", word_da="kat", word_en="cat"),
    Pictogram(id="aeble", word_da="æble", word_en="apple"),
    Pictogram(id="hus", word_da="hus", word_en="house"),
    Pictogram(id="fisk", word_da="fisk", word_en="fish"),
    Pictogram(id="trae", word_da="træ", word_en="tree"),
    Pictogram(id="cykel", word_da="cykel", word_en="bike"),
    Pictogram(id="hest", word_da="hest", word_en="horse"),
    Pictogram(id="is", word_da="is", word_en="ice cream"),
    Pictogram(id="stjerne", word_da="stjerne", word_en="star"),
    Pictogram(id="baad", word_da="båd", word_en="boat"),
    Pictogram(id="fugl", word_da="fugl", word_en="bird"),
    Pictogram(id="noegle", word_da="nøgle", word_en="key"),
    Pictogram(id="blomst", word_da="blomst", word_en="flower"),
    Pictogram(id="tog", word_da="tog", word_en="train"),
    Pictogram(id="bold", word_da="bold", word_en="ball"),
    Pictogram(id="paraply", word_da="paraply", word_en="umbrella"),
    Pictogram(id="gave", word_da="gave", word_en="present"),
    Pictogram(id="snemand", word_da="snemand", word_en="snowman"),
)
