import time

import pytest

from archive.extraction.extractor import extract
from archive.extraction.language import language_of_text, settled_language
from archive.rules import Reading
from tests.archive.extraction.pages import REPORT, page, paragraphs

ENGLISH = "\n".join(REPORT)
SPANISH = (
    "El puerto de la ciudad va a cerrar durante seis semanas a los barcos grandes, según dijo el jueves la autoridad. "
    "Los buzos reparan el muro que se rompió con la tormenta de noviembre, y las obras no terminan hasta el verano. "
    "Para los pescadores no es una buena noticia, pero el alcalde espera que todo esté listo antes de la regata."
)
GERMAN = (
    "Der Hafen wird für sechs Wochen geschlossen, weil Taucher die östliche Mauer reparieren, teilte die Behörde mit. "
    "Ein Sturm hatte im November ein Loch in die Mauer gerissen, das neun Meter breit ist. Die Fischer dürfen bei "
    "Hochwasser weiter einlaufen, wenn sie sich vorher bei dem Hafenmeister melden und nicht zu schnell fahren."
)
RUSSIAN = (
    "Порт закроют для больших судов на шесть недель, сообщили в четверг в управлении. Водолазы чинят стену, которую "
    "в ноябре пробил шторм. По словам мэра, работы обойдутся городу дорого, но другого выхода нет, и это ясно. "
    "Рыбаки могут заходить в порт при высокой воде, как и раньше, если они сообщат об этом заранее."
)
PERSIAN = (
    "بندر شهر به مدت شش هفته برای کشتی های بزرگ بسته می شود و این خبر را روز پنجشنبه اعلام کرد. غواصان دیوار شرقی "
    "را که در طوفان آبان آسیب دیده است تعمیر می کنند و کار تا تابستان ادامه خواهد داشت. ماهیگیران با این حال می توانند "
    "از آن عبور کنند و شهردار گفت که برای هر خانواده کمک خواهد شد."
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ENGLISH, "en"),
        (SPANISH, "es"),
        (GERMAN, "de"),
        (RUSSIAN, "ru"),
        (PERSIAN, "fa"),
        (
            "港の東側の壁を直すため、大きな船は六週間にわたって入港できなくなると、港の役所が木曜日に発表した。" * 3,
            "ja",
        ),
        ("港口东侧的墙正在修理，大船在六个星期内不能进港，港务局星期四这样说。" * 3, "zh"),
        ("항구의 동쪽 벽을 고치는 동안 큰 배는 여섯 주 동안 들어올 수 없다고 항만청이 밝혔다. " * 3, "ko"),
        ("Το λιμάνι κλείνει για έξι εβδομάδες για τα μεγάλα πλοία, όπως ανακοίνωσε η αρχή. " * 2, "el"),
        ("बंदरगाह छह हफ्ते तक बड़े जहाजों के लिए बंद रहेगा, ऐसा अधिकारियों ने गुरुवार को कहा। " * 2, "hi"),
        ("El muro.", None),
        ("", None),
        ("Ambleford Wexcombe Ellery " * 30, None),
        (SPANISH[:160] + RUSSIAN[:160], None),
    ],
)
def test_the_language_of_a_text(text, expected):
    assert language_of_text(text) == expected


@pytest.mark.parametrize(
    ("declared", "text", "expected"),
    [
        ("en", SPANISH, "es"),
        ("en-US", GERMAN, "de"),
        (None, GERMAN, "de"),
        ("xx", SPANISH, "es"),
        ("en", RUSSIAN, "ru"),
        ("es-MX", SPANISH, None),
        ("gl", SPANISH, None),
        ("ca", SPANISH, None),
        ("en", "El muro.", None),
        ("zu", "Ambleford Wexcombe Ellery " * 30, None),
        ("en", SPANISH + " " + ENGLISH[: len(SPANISH)], None),
    ],
)
def test_a_declared_language_is_believed_unless_the_text_clearly_says_otherwise(declared, text, expected):
    assert settled_language(declared, text) == expected


def test_the_text_of_an_article_tells_its_language():
    wrong = page(paragraphs(*SPANISH.split(". ")), language="en-US").encode()
    found = extract(wrong, url="https://courier.example/a")
    assert (found.language, found.trace.evidence["language"]) == ("es", "text")
    right = extract(page(paragraphs(*REPORT), language="en-GB").encode(), url="https://courier.example/a")
    assert (right.language, right.trace.evidence["language"]) == ("en-GB", "html:lang")


def test_what_is_known_of_the_site_is_believed_where_the_page_says_nothing():
    silent = f"<article>{paragraphs(*REPORT)}</article>".encode()
    assert extract(silent, reading=Reading(language="eo")).language == "eo"
    assert extract(silent).language == "en"


def test_a_text_without_end():
    started = time.process_time()
    language_of_text("the " * 2_000_000)
    assert time.process_time() - started < 1
