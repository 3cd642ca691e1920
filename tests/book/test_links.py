from bookbuild.links import broken_links


def test_only_links_without_a_target_are_reported(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "index.html").write_text("<p id='here'>x</p>")
    (tmp_path / "page.html").write_text(
        "<a href='folder/'>fine</a><a href='folder/index.html#here'>fine</a>"
        "<a href='#own'>fine</a><i id='own'></i><a href='https://example.org/x'>elsewhere</a>"
        "<a href='folder/#gone'>bad</a><a href='no.html'>bad</a><img src='no.png'>"
        "<a href='../outside.html'>bad</a>"
    )
    assert broken_links(tmp_path) == [
        "page.html: ../outside.html",
        "page.html: folder/#gone",
        "page.html: no.html",
        "page.html: no.png",
    ]
