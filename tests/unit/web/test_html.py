from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from zoho_tokend.web.html import document, tag


class Reading(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.titles: list[str | None] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.titles += [value for name, value in attrs if name == "title"]

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_a_text_is_read_as_it_was_written_and_never_as_markup(text: str) -> None:
    reading = Reading(document(tag("p", text, title=text)).partition("\n")[2])
    assert (reading.tags, reading.text, reading.titles) == (["p"], text, [text])


def test_texts_and_elements_keep_their_order() -> None:
    page = document(tag("p", "a", tag("b", "c"), "d", "e", tag("br"), "f"))
    assert page.endswith("<p>a<b>c</b>de<br>f</p>")


def test_names_of_attributes_are_written_as_html_has_them() -> None:
    assert document(tag("a", class_="x", aria_label="y")).endswith('<a class="x" aria-label="y"></a>')
