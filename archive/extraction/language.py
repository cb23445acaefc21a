"""The language that a text is in, by its everyday words and its script."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from functools import cache

__all__ = ["language_of_text", "settled_language"]

_SAMPLE = 4_000
"""Characters that tell the language."""
_FEWEST_HITS = 8
_LEAST_SHARE = 0.12
"""Of the words of a text; everyday words make up a third of running text."""
_PLAINLY = 0.22
_CLOSE = 0.85
"""Two languages whose scores are so close are not told apart."""
_CLEARLY_LESS = 0.4
"""The declared language is wrong if its score is so much lower."""
_FEWEST_LETTERS = 60
_MOSTLY = 0.7
_SOME_KANA = 0.04
_WORD = re.compile(r"[^\W\d_]+")

_COMMON = {
    "en": "the of and to in is that for on was with as it be by at his from are this have not which but were their",
    "de": "der die und das den von mit ist des im für auf nicht ein eine dem sich auch als bei nach aus wird zu einen",
    "fr": "le la les des et est une dans que qui pour pas sur par plus avec au sont cette ce ont aux mais du été",
    "es": "el la los las del y que en un una por con para se su no es más al como lo fue este pero sus",
    "pt": "o os as da do dos das em e que um uma para com não se por mais na no foi são ao como pelo pela",
    "it": "il di che la e per un una del della dei delle in con non è sono si da al alla gli anche più nel nella",
    "nl": "de het een van en in is dat op te zijn met voor niet die aan er om ook als maar bij door naar wordt",
    "sv": "och att det som en på är av för med den till inte har om ett de han var men från vid kan sig",
    "no": "og i det som en på er av for med til ikke har at om et de han var men fra ved kan seg ble",
    "da": "og i det som en på er af for med til ikke har at om et de han var men fra ved kan sig blev efter",
    "fi": "ja on ei se että oli joka mutta myös hän ovat kuin sen tai niin vuoden mukaan ole jo nyt kun jos",
    "pl": "i w na z się że do nie jest to o jak po co za od przez ale są dla tym był już oraz jego",
    "cs": "a v se na že je to z s do o i ve jsou po jako za k podle pro byl ale od které být",
    "sk": "a v sa na že je to z s do o aj vo sú po ako za k podľa pre bol ale od ktoré byť",
    "hu": "a az és hogy nem is egy meg volt ez de már csak mint még el ki azt szerint lesz vagy aki ha",
    "ro": "și de în a la cu pe care din este nu să un o pentru că au mai fost ce sunt prin al ale",
    "tr": "ve bir bu için ile olarak da de olan daha çok en gibi kadar sonra ne ancak göre olduğunu ise ya",
    "id": "yang dan di dengan untuk dari ini itu pada tidak dalam akan ke juga oleh adalah telah mereka karena",
    "vi": "của và các là được không cho trong có với những một này đã người khi để đến về từ như ra",
    "hr": "i u je na se da su za od s iz koji ne o kao što a će to bi po koja samo nije",
    "sl": "in v je na se da so za od s iz ki ne o kot pa bo to bi po tudi ni pri",
    "lt": "ir kad į su iš yra ar tai bet kaip dėl buvo apie jau nuo po už tik gali jo",
    "lv": "un ir ka no ar par uz tas bija arī kas lai nav bet pie tika gan pēc tiek viņš",
    "et": "ja on ei et ka see oli mis kui ning oma aga ta selle kes seda või veel üks kuid",
    "ca": "el la els les del i que en un una per amb no es més al com va són dels aquest però seva",
    "sq": "të e në dhe për me se një që i nga është ka nuk do u më është janë si",
    "af": "die van en in is het dat nie met vir op te wat sy as ook aan hy was om by",
    "sw": "na ya wa kwa ni katika za la kuwa hiyo cha kama hii alisema huo watu baada",
    "ru": "и в на что не с по он как это из за для но от его о при был также году",
    "uk": "і в на що не з у до за від та про як це для він його але під які також",
    "bg": "и в на да се за от че не са е с по ще като към до това който след",
    "mk": "и во на да се за од дека не со ќе е како тоа што ги кои по до",
    "sr": "и у је на се да су за од с из који не о као што а ће то би",
    "be": "і ў на што не з да за ад як гэта для але ён яго паводле пра ды",
    "kk": "және мен бұл үшін бойынша деп да де туралы болып екен осы бар",
    "ar": "في من على أن إلى التي عن مع هذا الذي ما هذه بعد كان بين لا أو قال ذلك وقد",
    "fa": "و در به از که این را با است برای آن یک می شود خود تا بر هم کرد شده",
    "ur": "کے کی میں ہے اور سے کا کو نے پر کہ اس ہیں کر نہیں یہ بھی تھا گیا",
}
_SCRIPTS = {
    "THAI": "th", "GREEK": "el", "HEBREW": "he", "HANGUL": "ko", "GEORGIAN": "ka", "ARMENIAN": "hy",
    "BENGALI": "bn", "TAMIL": "ta", "TELUGU": "te", "GUJARATI": "gu", "GURMUKHI": "pa", "MALAYALAM": "ml",
    "KANNADA": "kn", "KHMER": "km", "LAO": "lo", "MYANMAR": "my", "SINHALA": "si", "DEVANAGARI": "hi",
    "ETHIOPIC": "am",
}  # fmt: skip
"""Scripts of one language, or of one that is far more common than the others."""
_ALIKE = (
    {"no", "nb", "nn"},
    {"hr", "sr", "bs", "sh", "me", "cnr"},
    {"id", "ms"},
    {"he", "iw", "yi"},
    {"hi", "mr", "ne", "mai", "bho", "sa"},
    {"am", "ti"},
    {"zh", "yue"},
    {"fa", "prs", "ps"},
    {"bn", "as"},
    {"ca", "es", "gl"},
    {"pt", "gl"},
    {"af", "nl", "fy"},
    {"et", "fi"},
    {"en", "sco"},
)
"""Languages that words or script don't tell apart, so that the page is believed."""


def settled_language(declared: str | None, text: str) -> str | None:
    """The language a text is in if it is clearly another than `declared` (BCP 47), else None."""
    primary = (declared or "").split("-")[0].lower()
    if primary in _COMMON and _is_plainly(primary, text):
        return None
    found = language_of_text(text)
    if found is None or found == primary or any(found in group and primary in group for group in _ALIKE):
        return None
    if primary in _COMMON and found in _COMMON:
        scores = _scores(text)
        if scores[primary] > _CLEARLY_LESS * scores[found]:
            return None
    return found


def _is_plainly(language: str, text: str) -> bool:
    """Whether so many words are a language's that no other can be meant; quicker than to ask which it is."""
    found = _WORD.findall(text[:_SAMPLE].lower())
    common = _words()[language]
    return sum(word in common for word in found) >= max(_FEWEST_HITS, _PLAINLY * len(found))


def language_of_text(text: str) -> str | None:
    """The ISO 639-1 code of the language, where the text tells it clearly."""
    text = text[:_SAMPLE]
    letters = sum(map(str.isalpha, text))
    if letters < _FEWEST_LETTERS:
        return None
    scripts = Counter({"LATIN": letters}) if text.isascii() else Counter(_script(c) for c in text if c.isalpha())
    kana, han = scripts["HIRAGANA"] + scripts["KATAKANA"], scripts["CJK"]
    if kana + han > _MOSTLY * letters:
        return "ja" if kana > _SOME_KANA * (kana + han) else "zh"
    script, most = scripts.most_common(1)[0]
    if most <= _MOSTLY * letters:
        return None
    if script in _SCRIPTS:
        return _SCRIPTS[script]
    scores = _scores(text)
    (best, hits), (_, second) = scores.most_common(2)
    words = len(_WORD.findall(text))
    many = hits >= max(_FEWEST_HITS, _LEAST_SHARE * words) and second <= _CLOSE * hits
    few = hits >= max(_FEWEST_HITS, _LEAST_SHARE * words) / 2 and second <= _CLEARLY_LESS * hits
    return best if many or few else None


def _scores(text: str) -> Counter[str]:
    counts, languages = Counter(_WORD.findall(text[:_SAMPLE].lower())), _languages()
    scores = Counter(dict.fromkeys(_words(), 0))
    for word in counts.keys() & languages.keys():
        for language in languages[word]:
            scores[language] += counts[word]
    return scores


@cache
def _words() -> dict[str, frozenset[str]]:
    return {language: frozenset(words.split()) for language, words in _COMMON.items()}


@cache
def _languages() -> dict[str, list[str]]:
    """The languages that have a word among their everyday ones."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for language, words in _words().items():
        for word in words:
            found[word].append(language)
    return dict(found)


@cache
def _script(char: str) -> str:
    """The first word of a character's name, which is its script."""
    return unicodedata.name(char, "UNKNOWN").split(" ", 1)[0].split("-", 1)[0]
