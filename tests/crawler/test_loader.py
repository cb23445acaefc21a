"""Spiders out of source definitions, beside hand-written ones."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path

import pytest
from scrapy import Spider
from scrapy.settings import Settings
from scrapy.spiderloader import get_spider_loader

from crawler.loader import SourceLoader
from crawler.spider import SourceSpider

GOOD = 'title = "{0}"\nhome = "http://{0}.example/"\narticle_urls = ["/a/.*"]\n'
_numbers = itertools.count()


class Folders:
    """Definitions below a folder, and a package of hand-written spiders."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = f"written_{next(_numbers)}"
        (folder / self.package).mkdir()
        (folder / self.package / "__init__.py").touch()

    def define(self, path: str, text: str = GOOD) -> None:
        """Write a definition; ``{0}`` in it stands for its name."""
        file = self.folder / f"{path}.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text.replace("{0}", file.stem))

    def write(self, name: str) -> None:
        """Write a spider by hand."""
        code = f'import scrapy\n\nclass Written(scrapy.Spider):\n    name = "{name}"\n'
        (self.folder / self.package / f"{name}.py").write_text(code)

    def load(self, *sources: str) -> SourceLoader:
        folders = [str(self.folder / name) for name in sources]
        return SourceLoader.from_settings(Settings({"SPIDER_MODULES": [self.package], "SOURCES": folders}))


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    monkeypatch.syspath_prepend(str(tmp_path))
    return Folders(tmp_path)


def is_of_source(spider: type[Spider]) -> bool:
    return issubclass(spider, SourceSpider)


def test_each_definition_becomes_a_spider(folders: Folders) -> None:
    folders.define("a/gazette")
    folders.define("a/herald")
    folders.write("by_hand")
    loader = folders.load("a")
    assert sorted(loader.list()) == ["by_hand", "gazette", "herald"]
    gazette, herald = loader.load("gazette"), loader.load("herald")
    assert issubclass(gazette, SourceSpider)
    assert issubclass(herald, SourceSpider)
    assert (gazette.name, gazette.source.home) == ("gazette", "http://gazette.example/")
    assert (herald.name, herald.source.title) == ("herald", "herald")
    assert not is_of_source(loader.load("by_hand"))
    assert loader.errors == {}


def test_a_hand_written_spider_wins(folders: Folders) -> None:
    folders.define("a/gazette")
    folders.define("a/herald")
    folders.write("gazette")
    loader = folders.load("a")
    assert not is_of_source(loader.load("gazette"))
    assert is_of_source(loader.load("herald"))
    assert sorted(loader.list()) == ["gazette", "herald"]


def test_a_hand_written_spider_wins_over_a_broken_definition(folders: Folders) -> None:
    folders.define("a/gazette", "title =")
    folders.write("gazette")
    assert not is_of_source(folders.load("a").load("gazette"))


def test_a_later_folder_wins(folders: Folders) -> None:
    folders.define("a/gazette")
    folders.define("b/gazette", GOOD.replace("home = ", "language = 'eo'\nhome = "))
    for order, language in ((("a", "b"), "eo"), (("b", "a"), None)):
        spider = folders.load(*order).load("gazette")
        assert issubclass(spider, SourceSpider)
        assert spider.source.language == language


def test_a_later_folder_mends_a_broken_definition(folders: Folders) -> None:
    folders.define("a/gazette", "title =")
    folders.define("b/gazette")
    assert is_of_source(folders.load("a", "b").load("gazette"))


def test_a_broken_definition_does_not_hide_the_others(folders: Folders, caplog: pytest.LogCaptureFixture) -> None:
    folders.define("a/gazette", "title = 7")
    folders.define("a/herald")
    with caplog.at_level(logging.ERROR):
        loader = folders.load("a")
    assert loader.list() == ["herald"]
    assert is_of_source(loader.load("herald"))
    assert loader.errors.keys() == {"gazette"}
    with pytest.raises(KeyError) as error:
        loader.load("gazette")
    path = folders.folder / "a" / "gazette.toml"
    assert error.value.args[0].startswith(f"{path}, line 1, key 'title': ")
    assert all(record.getMessage() == error.value.args[0] for record in caplog.records)


def test_an_unknown_name_is_one_sentence(folders: Folders) -> None:
    folders.define("a/herald")
    folders.define("a/gazette")
    folders.define("a/broken", "title =")
    folders.write("by_hand")
    with pytest.raises(KeyError) as error:
        folders.load("a").load("gazete")
    assert error.value.args == ("There is no source 'gazete'; the sources are: by_hand, gazette, herald.",)


def test_an_unknown_name_where_there_are_no_sources(folders: Folders) -> None:
    for sources in ((), ("nowhere",)):
        with pytest.raises(KeyError) as error:
            folders.load(*sources).load("gazette")
        assert error.value.args == ("There is no source 'gazette'; the sources are: none yet.",)


def test_the_folders_are_relative_to_the_project(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    folders.define("a/gazette")
    (folders.folder / "scrapy.cfg").write_text("[settings]\n")
    (folders.folder / "below").mkdir()
    monkeypatch.chdir(folders.folder / "below")
    loader = SourceLoader(Settings({"SPIDER_MODULES": [], "SOURCES": "a, nowhere"}))
    assert loader.list() == ["gazette"]


def test_the_project_loads_the_real_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    monkeypatch.chdir(root)
    settings = Settings()
    settings.setmodule("settings.base", "project")
    loader = get_spider_loader(settings)
    assert isinstance(loader, SourceLoader)
    assert loader.errors == {}
    assert sorted(loader.list()) == sorted(path.stem for path in (root / "settings" / "sources").glob("*.toml"))
