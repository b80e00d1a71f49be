"""Everything Regneriget says, in Danish and English. A table of its own: it is another company's site."""

LANGUAGES = {"da": "Dansk", "en": "English"}

DANISH = {
    "title.before": "Regneriget",
    "title.inside": "Du er inde – Regneriget",
    "title.after": "Logget ud – Regneriget",
    "title.error": "Det lykkedes ikke – Regneriget",
    "skip": "Til indholdet",
    "language": "Sprog",
    "footer": (
        "Regneriget findes ikke i virkeligheden. Det er en demotjeneste, som viser, hvordan man logger ind med "
        "Unilogin."
    ),
    "before.heading": "Velkommen til Regneriget",
    "before.lead": "Her øver du plus, minus og alt det, der kommer bagefter. Kongen af ni‑tabellen venter på dig.",
    "before.sign_in": "Log ind med Unilogin",
    "before.help": "Brug det brugernavn, du også bruger i skolen.",
    "before.still_inside": "Du er allerede logget ind.",
    "before.go_inside": "Gå ind i riget",
    "developer.heading": "Til dig, der bygger tjenester",
    "developer.text": (
        "Knappen starter et almindeligt OpenID Connect-login: kode med PKCE, state og nonce. Bagefter ser du alt, hvad "
        "tjenesten fik at vide. Sådan er Regneriget tilsluttet:"
    ),
    "developer.issuer": "Udsteder (issuer)",
    "developer.client": "Klient-id",
    "developer.redirect": "Redirect-URI",
    "inside.heading": "Du er inde!",
    "inside.named": "Hej {name}. Godt at se dig.",
    "inside.Elev": "Regneriget ved, at du er elev. Det kender ikke dit navn, for det har det ikke brug for.",
    "inside.Medarbejder": (
        "Regneriget ved, at du arbejder på en skole. Det kender ikke dit navn, for det har det ikke brug for."
    ),
    "inside.Kontaktperson": (
        "Regneriget ved, at du er kontaktperson for et barn. Det kender ikke dit navn, for det har det ikke brug for."
    ),
    "inside.Ekstern": (
        "Regneriget ved, at du er tilknyttet en skole. Det kender ikke dit navn, for det har det ikke brug for."
    ),
    "inside.unknown": "Regneriget ved, at det er dig, når du kommer igen. Mere fik det ikke at vide.",
    "doors.heading": "To låste døre",
    "doors.text": "Bag dem ligger noget, der bliver passet ekstra godt på. Prøv, hvad der skal til for at åbne dem.",
    "doors.VoksenVerificeret": "Åbn skatkammeret",
    "doors.VoksenVerificeret.open": "Skatkammeret er åbent",
    "doors.VoksenVerificeret.help": (
        "Er du under 18, kan en voksen sige ja. Så er her åbent i to timer. Ellers kræver det MitID."
    ),
    "doors.ToFaktor": "Åbn kongens kammer",
    "doors.ToFaktor.open": "Kongens kammer er åbent",
    "doors.ToFaktor.help": "Kræver dit eget MitID.",
    "inside.claims": "Det fik Regneriget at vide",
    "inside.claims_help": (
        "Oplysningerne i id-tokenet. Regneriget har kontrolleret underskrift, udsteder, modtager, tid og nonce."
    ),
    "inside.name": "Navn",
    "inside.value": "Værdi",
    "inside.meaning": "Betydning",
    "inside.about": "Om svaret",
    "inside.about_help": "Det, der stod ved siden af tokenerne.",
    "inside.ask": "Spørg videre",
    "inside.answer.userinfo": "Svar fra userinfo",
    "inside.answer.introspection": "Svar fra introspection",
    "inside.answer.refresh": "Nye tokener",
    "inside.answer.refused": "Unilogin sagde nej",
    "inside.refused": (
        "Måske er tokenet løbet ud, eller også er du logget ud af Unilogin. Prøv Forny, eller log ind igen."
    ),
    "inside.refreshed": "Tabellen ovenfor viser nu det nye id-token.",
    "ask.userinfo": "Hent userinfo",
    "ask.userinfo_help": "Spørger med access-tokenet, hvem du er.",
    "ask.refresh": "Forny",
    "ask.refresh_help": "Bytter refresh-tokenet til nye tokener.",
    "ask.no_refresh": "Unilogin gav ikke noget refresh-token.",
    "ask.introspection": "Introspection",
    "ask.introspection_help": "Spørger Unilogin, om access-tokenet stadig gælder.",
    "ask.sign_out": "Log ud",
    "ask.sign_out_help": "Logger ud af både Regneriget og Unilogin.",
    "ask.other": "Log ind som en anden",
    "ask.other_help": "Beder Unilogin spørge forfra, hvem du er (prompt=login).",
    "after.heading": "Du er logget ud",
    "after.lead": "Kom snart igen. Tallene løber ingen steder.",
    "after.shared": "Sidder du ved en computer, som andre også bruger? Så luk browseren.",
    "after.again": "Log ind igen",
    "error.refused": "Du blev ikke logget ind",
    "error.refused_help": (
        "Unilogin sendte dig tilbage uden at logge dig ind. Prøv igen – hjælper det ikke, så spørg din lærer "
        "eller skolen."
    ),
    "error.locked": "Døren er stadig låst",
    "error.locked_help": "Der skulle mere til, end der blev vist. Du er inde i Regneriget som før.",
    "error.inside": "Tilbage til riget",
    "error.forgotten": "Vi nåede at glemme dig",
    "error.forgotten_help": (
        "Det tog for lang tid, eller du startede i en anden fane. Der er ikke sket noget. Start forfra."
    ),
    "error.unreachable": "Unilogin svarer ikke lige nu",
    "error.unreachable_help": "Vent et øjeblik, og prøv igen. Det er ikke noget, du har gjort.",
    "error.untrusted": "Svaret kunne ikke godkendes",
    "error.untrusted_help": (
        "Regneriget fik et svar, som det ikke tør stole på. Derfor blev du ikke logget ind. Prøv igen."
    ),
    "error.not_found": "Den side findes ikke",
    "error.not_found_help": "Måske er adressen skrevet forkert.",
    "error.again": "Prøv igen",
    "error.home": "Til forsiden",
    "error.developer": "Til udvikleren",
    "error.code": "Fejlkode",
    "error.description": "Forklaring",
    "error.incident": "Hændelse",
    "error.incident_help": "unilogin services explain {incident}",
    "section.who": "Hvem",
    "section.sure": "Hvor sikkert",
    "section.proof": "Om beviset selv",
    "section.other": "Andet",
}

ENGLISH = {
    "title.before": "Regneriget",
    "title.inside": "You are in – Regneriget",
    "title.after": "Signed out – Regneriget",
    "title.error": "That did not work – Regneriget",
    "skip": "To the content",
    "language": "Language",
    "footer": (
        "Regneriget (the realm of sums) does not exist. It is a demo service that shows how to sign in with Unilogin."
    ),
    "before.heading": "Welcome to Regneriget",
    "before.lead": (
        "Practise adding, taking away and everything that comes after. The king of the nine times table awaits."
    ),
    "before.sign_in": "Sign in with Unilogin",
    "before.help": "Use the username that you also use at school.",
    "before.still_inside": "You are signed in already.",
    "before.go_inside": "Enter the realm",
    "developer.heading": "For you who build services",
    "developer.text": (
        "The button starts a plain OpenID Connect sign-in: code with PKCE, state and nonce. Afterwards you see "
        "everything the service was told. This is how Regneriget is registered:"
    ),
    "developer.issuer": "Issuer",
    "developer.client": "Client id",
    "developer.redirect": "Redirect URI",
    "inside.heading": "You are in!",
    "inside.named": "Hello {name}. Good to see you.",
    "inside.Elev": "Regneriget knows that you are a pupil. It does not know your name, because it has no need to.",
    "inside.Medarbejder": (
        "Regneriget knows that you work at a school. It does not know your name, because it has no need to."
    ),
    "inside.Kontaktperson": (
        "Regneriget knows that you are a child's contact person. It does not know your name, because it has no need to."
    ),
    "inside.Ekstern": (
        "Regneriget knows that you belong to a school. It does not know your name, because it has no need to."
    ),
    "inside.unknown": "Regneriget will know that it is you when you come again. It was told no more than that.",
    "doors.heading": "Two locked doors",
    "doors.text": "Behind them lies what is looked after with extra care. Try what it takes to open them.",
    "doors.VoksenVerificeret": "Open the treasury",
    "doors.VoksenVerificeret.open": "The treasury is open",
    "doors.VoksenVerificeret.help": (
        "If you are under 18, an adult can say yes. Then it is open for two hours. Otherwise it takes MitID."
    ),
    "doors.ToFaktor": "Open the king's chamber",
    "doors.ToFaktor.open": "The king's chamber is open",
    "doors.ToFaktor.help": "Takes your own MitID.",
    "inside.claims": "This is what Regneriget was told",
    "inside.claims_help": (
        "The claims of the id token. Regneriget has checked signature, issuer, audience, time and nonce."
    ),
    "inside.name": "Name",
    "inside.value": "Value",
    "inside.meaning": "Meaning",
    "inside.about": "About the answer",
    "inside.about_help": "What was written beside the tokens.",
    "inside.ask": "Ask on",
    "inside.answer.userinfo": "Answer from userinfo",
    "inside.answer.introspection": "Answer from introspection",
    "inside.answer.refresh": "New tokens",
    "inside.answer.refused": "Unilogin said no",
    "inside.refused": (
        "Perhaps the token has run out, or you are signed out of Unilogin. Try Refresh, or sign in again."
    ),
    "inside.refreshed": "The table above now shows the new id token.",
    "ask.userinfo": "Get userinfo",
    "ask.userinfo_help": "Asks with the access token who you are.",
    "ask.refresh": "Refresh",
    "ask.refresh_help": "Exchanges the refresh token for new tokens.",
    "ask.no_refresh": "Unilogin gave no refresh token.",
    "ask.introspection": "Introspection",
    "ask.introspection_help": "Asks Unilogin whether the access token is still good.",
    "ask.sign_out": "Sign out",
    "ask.sign_out_help": "Signs you out of both Regneriget and Unilogin.",
    "ask.other": "Sign in as somebody else",
    "ask.other_help": "Asks Unilogin to find out from the start who you are (prompt=login).",
    "after.heading": "You are signed out",
    "after.lead": "Come back soon. The numbers are going nowhere.",
    "after.shared": "Are you at a computer that others use too? Then close the browser.",
    "after.again": "Sign in again",
    "error.refused": "You were not signed in",
    "error.refused_help": (
        "Unilogin sent you back without signing you in. Try again; if that does not help, ask your teacher or school."
    ),
    "error.locked": "The door is still locked",
    "error.locked_help": "It took more than was shown. You are in Regneriget as before.",
    "error.inside": "Back to the realm",
    "error.forgotten": "We had forgotten you",
    "error.forgotten_help": "It took too long, or you started in another tab. Nothing has happened. Start again.",
    "error.unreachable": "Unilogin does not answer just now",
    "error.unreachable_help": "Wait a moment and try again. It is nothing you have done.",
    "error.untrusted": "The answer could not be accepted",
    "error.untrusted_help": "Regneriget got an answer that it dares not trust, so you were not signed in. Try again.",
    "error.not_found": "There is no such page",
    "error.not_found_help": "Perhaps the address is misspelt.",
    "error.again": "Try again",
    "error.home": "To the front page",
    "error.developer": "For the developer",
    "error.code": "Error code",
    "error.description": "Explanation",
    "error.incident": "Incident",
    "error.incident_help": "unilogin services explain {incident}",
    "section.who": "Who",
    "section.sure": "How sure",
    "section.proof": "About the proof itself",
    "section.other": "Other",
}

TEXTS = {"da": DANISH, "en": ENGLISH}
