"""One sentence about every claim, Danish and English, for the developer who meets it for the first time."""

MEANINGS: dict[str, tuple[str, str]] = {
    "sub": (
        "Brugerens pseudonym hos netop denne tjeneste: det samme hver gang her, et andet hos andre.",
        "The user's pseudonym at this service alone: the same every time here, another one elsewhere.",
    ),
    "uniid": (
        "Brugerens id i hele Unilogin. Det følger personen og genbruges aldrig.",
        "The user's id in all of Unilogin. It follows the person and is never reused.",
    ),
    "aktoer_gruppe": (
        "Den rolle, brugeren er logget ind i: Elev, Medarbejder, Ekstern eller Kontaktperson.",
        "The role the user signed in as: Elev (pupil), Medarbejder (staff), Ekstern or Kontaktperson (guardian).",
    ),
    "institution_ids": (
        "Brugerens institutioner, som én tekst i kantede parenteser – ikke en JSON-liste.",
        "The user's institutions, as one string in square brackets – not a JSON array.",
    ),
    "has_license": (
        'Om brugerens institution har licens til tjenesten: "true" eller "false", som tekst.',
        'Whether the user\'s institution holds a licence to the service: "true" or "false", as a string.',
    ),
    "userHasLicense": ("Ældre navn for has_license.", "Older name of has_license."),
    "name": (
        "Brugerens navn. Kun tjenester med en dataaftale får det.",
        "The user's name, for services with a data agreement only.",
    ),
    "given_name": ("Brugerens fornavn.", "The user's first name."),
    "family_name": ("Brugerens efternavn.", "The user's family name."),
    "inst_brugere": (
        "Udvidede oplysninger: én post for hver institution, brugeren hører til.",
        "Extended information: one entry for each institution the user belongs to.",
    ),
    "unilogin_loa": (
        "Hvordan brugeren beviste, hvem hun er: EnFaktor, ToFaktor eller VoksenVerificeret.",
        "How the user proved who she is: EnFaktor (one factor), ToFaktor (two) or VoksenVerificeret (adult vouched).",
    ),
    "loa": ("Sikringsniveau efter den ældre skala: 2 eller 3.", "Level of assurance on the older scale: 2 or 3."),
    "acr": ("Sikringsniveau som NSIS-adresse.", "Level of assurance as an NSIS address."),
    "amr": ("De metoder, brugeren loggede ind med.", "The methods the user signed in with."),
    "auth_time": (
        "Hvornår brugeren sidst viste sin adgangskode eller sine billeder.",
        "When the user last showed a password or pictures.",
    ),
    "iss": ("Hvem der har udstedt beviset.", "Who issued the proof."),
    "aud": (
        "Hvem beviset er til. Skal være tjenestens eget klient-id.",
        "Whom the proof is for. Must be the service's own client id.",
    ),
    "azp": ("Den klient, der bad om beviset.", "The client that asked for the proof."),
    "typ": ("Hvilken slags token det er.", "Which kind of token it is."),
    "iat": ("Hvornår beviset blev udstedt.", "When the proof was issued."),
    "exp": ("Hvornår beviset holder op med at gælde.", "When the proof stops being valid."),
    "nonce": (
        "Tjenestens egen tilfældige tekst. Kommer den uændret tilbage, er svaret til netop dette login.",
        "The service's own random text. When it comes back unchanged, the answer belongs to this very sign-in.",
    ),
    "at_hash": ("Binder access-tokenet til dette id-token.", "Ties the access token to this id token."),
    "jti": ("Tokenets eget nummer.", "The token's own number."),
    "sid": (
        "Brugerens session hos Unilogin. Bruges, når der logges ud.",
        "The user's session at Unilogin. Used for signing out.",
    ),
    "session_state": ("Samme værdi som sid.", "The same value as sid."),
    "broker_id": ("Samme værdi som sub, under sit ældre navn.", "The same value as sub, by its older name."),
    "spec_ver": (
        "Den udgave af Unilogins specifikation, svaret følger.",
        "The version of Unilogin's specification the answer follows.",
    ),
}

UNKNOWN = ("Regneriget kender ikke dette felt.", "Regneriget does not know this claim.")


def meaning(claim: str, language: str) -> str:
    """What a claim tells, in the reader's language."""
    danish, english = MEANINGS.get(claim, UNKNOWN)
    return english if language == "en" else danish
