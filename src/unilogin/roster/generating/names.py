"""Names to draw from. First and family names are common ones in Denmark; who bears which pair is chance alone."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NamePool:
    """The names of one part of the population; adults' and children's fashions differ."""

    girls: tuple[str, ...]
    boys: tuple[str, ...]
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


DANISH = NamePool(
    girls=_words(
        "Agnes Alberte Alma Andrea Anna Asta Astrid Aya Bertha Caroline Clara Dagmar Ebba Edith Ella Ellen "
        "Ellie Emilie Emma Esther Filippa Freja Frida Gry Hannah Ida Ingrid Isabella Josefine Julie Karla "
        "Katrine Kaya Laura Lea Liva Liv Luna Lærke Maja Malou Marie Mathilde Mille Naja Nanna Nora Olivia "
        "Rosa Saga Signe Sofie Solveig Thea Tilde Vera Victoria Vigga Åse Anne-Sofie Ida-Marie Sara-Lina "
        "Rose-Marie"
    ),
    boys=_words(
        "Adam Aksel Albert Alfred Anker Anton Arthur August Axel Bertil Birk Bjørn Carl Christian Elias "
        "Elliot Emil Erik Felix Frederik Georg Gustav Hannibal Hugo Jakob Johan Jonathan Kalle Karl Konrad "
        "Lauge Liam Loke Lucas Ludvig Magne Magnus Malthe Marius Mikkel Milas Nohr Noah Oliver Oscar Otto "
        "Palle Pelle Philip Sander Sigurd Silas Storm Søren Theo Theodor Thor Toke Valdemar Victor Viggo "
        "Villads William Åge Karl-Emil Hans-Peter Carl-Johan"
    ),
    women=_words(
        "Anette Anja Anne Annika Astrid Bente Birgitte Camilla Cecilie Charlotte Christina Dorte Ditte Eva "
        "Gitte Hanne Heidi Helle Hjørdis Inger Jane Jeanette Karen Katja Kirsten Kristine Lene Line Lise "
        "Lone Louise Maiken Maja Maria Marianne Mette Mia Mie Nina Pernille Pia Rikke Sanne Signe Simone "
        "Stine Susanne Tanja Tina Trine Ulla Vibeke Åsa Anne-Mette Ann-Sofie Lis-Britt"
    ),
    men=_words(
        "Allan Anders Asbjørn Bo Brian Carsten Claus Christoffer Dan Daniel Dennis Erik Esben Flemming "
        "Frank Henrik Henning Jacob Jan Jens Jesper Jonas Jørgen Kaj Kasper Kenneth Kim Klaus Kristian "
        "Lars Lasse Mads Martin Michael Mikkel Morten Nicolai Niels Ole Peter Poul Rasmus René Rune Simon "
        "Steen Steffen Søren Thomas Tobias Torben Troels Ulrik Uffe Hans-Christian Jens-Ole"
    ),
    families=_words(
        "Jensen Nielsen Hansen Pedersen Andersen Christensen Larsen Sørensen Rasmussen Jørgensen Petersen "
        "Madsen Kristensen Olsen Thomsen Christiansen Poulsen Johansen Møller Mortensen Knudsen Jakobsen "
        "Mikkelsen Frederiksen Laursen Lund Holm Schmidt Eriksen Clausen Simonsen Svendsen Andreasen "
        "Iversen Jeppesen Vestergaard Nissen Lauridsen Bertelsen Kjær Jespersen Mogensen Gregersen "
        "Østergaard Dahl Bak Bech Friis Søndergaard Kjeldsen Toft Brandt Winther Bang Skov Krogh Lindberg "
        "Ravn Høj Bruun Aagaard Kirkegaard Thygesen Overgaard Nørgaard Dam Bjerre Bøgh Klit Smidt-Lange "
        "Bjerregaard Ågård Æbelø Øster-Juul"
    ),
)

COMMON_GIRLS = _words(
    "Frida Emma Ella Ida Nora Alma Olivia Freja Sofie Agnes Clara Asta Anna Luna Ellie Karla Laura Isabella Liv"
)
COMMON_BOYS = _words(
    "William Noah Oscar Emil Carl Malthe Arthur Valdemar Oliver August Alfred Lucas Victor Elias Aksel Magnus Liam "
    "Theo Anton Frederik"
)
COMMON_WOMEN = _words("Mette Camilla Louise Maria Anne Christina Pernille Lene Hanne Rikke Tina Heidi Trine Line Stine")
COMMON_MEN = _words("Michael Lars Thomas Jens Martin Henrik Søren Jesper Christian Rasmus Jan Mads Morten Kasper Peter")
"""The commonest of their generation, in order; half of the Danish households choose among them."""

MIDDLE_NAMES = _words(
    "Holm Skov Krogh Lund Bach Dahl Toft Winther Ravn Juul Bjerre Friis Storm Høj Kjær Bruun Lind Berg "
    "Vang Damgaard Fogh Hedegaard Holst Lykke Munk Nygaard Buch Elkjær Rosendal Stampe Thorup Ørsted"
)

TURKISH = NamePool(
    girls=_words("Elif Zeynep Defne Aylin Melisa Esra Selin Nisa"),
    boys=_words("Emir Kerem Yusuf Ömer Deniz Eren Mert Baran"),
    women=_words("Ayşe Fatma Hatice Gülsen Sevda Özlem Derya"),
    men=_words("Mehmet Mustafa Ümit Hasan Ali Cengiz Serkan"),
    families=_words("Yıldız Kaya Demir Çelik Şahin Öztürk Aydın Arslan"),
)
ARABIC = NamePool(
    girls=_words("Maryam Noor Yasmin Lina Salma Aisha Rania Hala"),
    boys=_words("Omar Youssef Ibrahim Hamza Zayd Adam Bilal Karim"),
    women=_words("Fatima Amal Samira Huda Leila Nadia Iman"),
    men=_words("Mohammad Ahmad Khaled Samir Hussein Nabil Tarek"),
    families=_lines("Al-Khatib, Hassan, El-Sayed, Abdallah, Al Masri, Khalil, Nasser, Ben Youssef"),
)
SOMALI = NamePool(
    girls=_words("Hodan Ifrah Sagal Ayaan Hibaq Najma"),
    boys=_words("Abdirahman Liban Zakariya Mahad Guled Ayub"),
    women=_words("Amina Halima Sahra Faduma Khadra"),
    men=_words("Abdi Yusuf Hassan Farah Ismail"),
    families=_lines("Mohamed Ali, Abdullahi, Warsame, Jama, Omar Farah"),
)
POLISH_UKRAINIAN = NamePool(
    girls=_words("Zuzanna Maja Oliwia Sofiia Daryna Zofia Solomiia"),
    boys=_words("Jakub Filip Łukasz Maksym Kacper Danylo Artem"),
    women=_words("Agnieszka Katarzyna Oksana Małgorzata Iryna Joanna"),
    men=_words("Piotr Tomasz Andrii Krzysztof Oleh Paweł"),
    families=_words("Kowalczyk Nowak Wójcik Kovalenko Szymański Melnyk Bondar"),
)
BALKAN = NamePool(
    girls=_words("Ajla Emina Lejla Mia Sara Tea"),
    boys=_words("Tarik Amar Luka Haris Din Benjamin"),
    women=_words("Amra Jasmina Sanela Mirela Aida"),
    men=_words("Edin Mirza Damir Nermin Zoran"),
    families=_words("Hodžić Šabić Kovačević Begić Delić Marković"),
)
SOUTH_AND_EAST_ASIAN = NamePool(
    girls=_words("Anh Linh Priya Aarthi Hafsa Zainab Thảo"),
    boys=_words("Minh Khoa Arun Nathan Hamid Bao Rayyan"),
    women=_words("Hoa Lan Shanthi Sadia Thuy Nirmala"),
    men=_words("Dung Tuan Kumar Imran Ravi Nadeem"),
    families=_words("Nguyen Tran Sivakumar Rajaratnam Hussain Malik Đặng Pham"),
)
NORTH_ATLANTIC = NamePool(
    girls=_words("Pipaluk Nivi Rannvá Barbara Aviaja Sólrun"),
    boys=_words("Minik Inuk Bárður Rói Malik Høgni"),
    women=_words("Arnaq Naja Guðrun Marjun Paninnguaq"),
    men=_words("Aqqaluk Jógvan Malik Hans-Pauli Nuka"),
    families=_words("Kleist Lyberth Joensen Dam Petersen Heilmann á-Lakjuni Olsen"),
)

POPULATION: tuple[tuple[float, NamePool], ...] = (
    (0.74, DANISH),
    (0.05, TURKISH),
    (0.06, ARABIC),
    (0.03, SOMALI),
    (0.05, POLISH_UKRAINIAN),
    (0.02, BALKAN),
    (0.03, SOUTH_AND_EAST_ASIAN),
    (0.02, NORTH_ATLANTIC),
)
"""Share of households, and the names they draw from."""

STREETS = _words(
    "Klitvej Skolegade Fyrvej Havnegade Strandvejen Lyngbakken Hybenvej Marehalmen Revlingen Tangvej "
    "Mågevej Ternevej Østergade Nørregade Kirkestræde Åvænget Ålegrævej Plantagevej Redningsvej Bøgevænget"
)
