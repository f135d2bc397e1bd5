"""The words and marks by which walls and stand-in pages give themselves away, in the languages met most."""

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


CAPTCHA_MARKUP = _any(
    r"<[^>]*(?:captcha|cf-turnstile|challenges\.cloudflare\.com|arkoselabs|funcaptcha|geetest|_pxappid|awswaf)[^>]*>"
)

ASKS_FOR_HUMAN = _any(
    r"(?:verify|confirm|prove|check|make sure|verifying|checking)\s+(?:that\s+|if\s+)?(?:you\s+are|you['’]re)\s+"
    r"(?:an?\s+)?(?:human|real|not)",
    r"(?:are you|you are|you['’]re|i['’]m|i am)\s+(?:not\s+)?(?:an?\s+)?(?:human|robot|bot)\b",
    "human verification|bot (?:check|detection)|security (?:check|verification)",
    "unusual (?:traffic|activity|requests)|automated (?:requests|access|queries|traffic|tools)",
    r"press\s*(?:&|and)\s*hold",
    r"(?:complete|solve|pass|enter|type|fill in)\b.{0,40}\b(?:captcha|puzzle|challenge|characters|letters)",
    "ein mensch|kein roboter|pas un robot|êtes humain|no (?:eres|soy|es) un robot|(?:eres|es) humano|não (?:sou|é) um robô",
    "non s(?:ei|ono) un robot|geen robot|не робот|ロボットではありません|人机验证|安全验证|로봇이 아닙니다",
)

CHALLENGE_TITLE = _any(
    r"(?:just a moment|one moment,? please|please wait|ddos-guard|pardon our interruption|vercel security checkpoint)\W*",
    r"(?:checking|verifying) (?:your browser|if the site connection is secure|you are human)\b.{0,60}",
    r"attention required\W.{0,30}cloudflare",
)

DENIED = _any(
    r"(?:\d{3}\s*[-:–|]?\s*)?access (?:to (?:this|the) \w+ )?(?:has been |is |was )?(?:denied|blocked|forbidden)\b",
    r"(?:your )?request (?:was |has been )?(?:blocked|rejected|unsuccessful)\b",
    r"(?:sorry, )?you (?:have been|are|were) blocked\b",
    r"(?:error\s*)?(?:403\s*[-:–|]?\s*)?(?:error\s*)?(?:forbidden|blocked)\W*$|error: the request could not be satisfied",
)

NOT_FOUND = _any(
    r"(?:error\s*)?404(?:\s*[-:–|]?\s*(?:error|(?:page |file )?not found))?(?:\W.{0,40})?$",
    r"(?:sorry, |oops[,!.]* )?(?:the |this |that )?page (?:(?:was |could |can)?\s*not (?:be )?found"
    r"|(?:does not|doesn['’]t) exist)",
    "seite nicht gefunden|page (?:introuvable|non trouvée)|página no encontrada|pagina non trovata",
)

SERVER_ERROR = _any(
    r"(?:error\s*)?(?:5\d\d\s*[-:–|]?\s*)?(?:error:?\s*)?"
    r"(?:internal server error|bad gateway|service (?:temporarily )?unavailable|gateway time-?out)\b.{0,20}$"
)

CONSENT_HEADING = _any(
    r"before you continue|cookies?\b|consent\b|(?:value|respect|care about) your privacy|your privacy",
    "privacy (?:settings|choices|preferences)|datenschutz|einwilligung|vie privée|privacidad",
)
CONSENT_TOPIC = _any(
    "cookie|consent|privacy|gdpr|personal data|partners|vendors|legitimate interest|advertis|tracking|your choice",
    "before you continue|accept|agree|reject|datenschutz|einwillig|zustimm|werbung|confidentialité|vie privée|privacidad",
)
CONSENT_ACTION = _any(
    r"\b(?:accept|agree|allow|consent|got it|ok(?:ay)?|continue|akzeptieren|zustimmen|einverstanden|accepter|aceptar)\b",
    r"\b(?:accetta|akkoord|aceitar|godta|acceptera|zgadzam)\b",
)
CONSENT_PLACE = _any(
    r"^https?://(?:consent|guce|myprivacy|privacy-?gate|cmp)\.",
    r"/(?:cookie-?wall|consent|collectconsent|privacy-?gate)(?:[/?#]|$)",
)
