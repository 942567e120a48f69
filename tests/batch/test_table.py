"""Tables as people and engines write them."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from lipsync_addon.batch.table import Row, rows
from lipsync_addon.core.errors import LipsyncError


def read(path: Path | str, **options) -> list[Row]:
    return list(rows([path], **options))


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


EXPECTED = [("hello", "Hello, you!", "en", "v/hello.wav"), ("tschüss", "Tschüss", "de", "v/tschüss.wav")]


def essence(found: list[Row], folder: Path) -> list[tuple[str, ...]]:
    return [
        (
            row.fields["id"],
            row.fields["text"],
            row.fields["language"],
            Path(row.fields["sound"]).relative_to(folder).as_posix(),
        )
        for row in found
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_any_program(tmp_path: Path, encoding: str, delimiter: str) -> None:
    table = [("Line ID", "Audio File", "Lang", "Text")] + [
        (id, sound, lang, f'"{text}"') for id, text, lang, sound in EXPECTED
    ]
    file = written(tmp_path / "lines.csv", "\r\n".join(delimiter.join(row) for row in table), encoding)
    assert essence(read(file), tmp_path) == EXPECTED


def test_json_lines(tmp_path: Path) -> None:
    file = written(
        tmp_path / "lines.jsonl",
        '{"id": "hello", "sound": "v/hello.wav", "language": "en", "text": "Hello, you!"}\n\n'
        '{"id": "tschüss", "sound": "v/tschüss.wav", "language": "de", "text": "Tschüss", '
        '"outputs": ["a.csv", "b.json"]}\n',
    )
    found = read(file)
    assert essence(found, tmp_path) == EXPECTED
    assert found[1].fields["outputs"] == "a.csv; b.json" and found[1].where == "lines.jsonl, row 3"


def test_xlsx(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["id", "sound", "language", "text", "take"])
    for (id, text, language, sound), take in zip(EXPECTED, (1, 2.0)):
        book.active.append([id, sound, language, text, take])
    book.save(tmp_path / "lines.xlsx")
    found = read(tmp_path / "lines.xlsx")
    assert essence(found, tmp_path) == EXPECTED
    assert [row.fields["take"] for row in found] == ["1", "2"]


def test_a_folder_with_transcripts(tmp_path: Path) -> None:
    for name in ("a/one.wav", "a/two.FLAC", "b.ogg", "notes.txt", ".hidden/x.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    written(tmp_path / "b.txt", "What b\n says")
    found = read(tmp_path)
    assert [row.fields["id"] for row in found] == ["a/one", "a/two", "b"]
    assert found[2].fields["text"] == "What b says"
    assert [row.fields["id"] for row in read(str(tmp_path / "*/*.wav"))] == ["a/one"]


def test_in_a_folder_a_bad_text_or_a_name_that_is_taken_is_the_line_s_own_problem(tmp_path: Path) -> None:
    for name in ("a.flac", "a.wav", "b.wav", "c.wav"):
        (tmp_path / name).touch()
    written(tmp_path / "b.txt", "Zug über", "latin-1")
    for source in (tmp_path, tmp_path / "*.*a*"):
        found = {row.fields["id"]: row.problem for row in read(source)}
        assert (found.pop("a"), found.pop("c")) == ("", "")
        assert found["b"] == f"{tmp_path / 'b.txt'} is not encoded as UTF-8. Save it as UTF-8."
        assert found["a.wav"] == f"{tmp_path / 'a.wav'} has the name of a.flac. Rename one of them."


def test_unity_string_table(tmp_path: Path) -> None:
    file = written(
        tmp_path / "Dialogue.csv",
        "Key,Id,Shared Comments,English(en),Portuguese (Brazil)(pt-BR)\nGREET,123,,Hello,Olá\nBYE,124,,Bye,\n",
    )
    found = read(file, sound="voices/{language}/{key}.wav")
    assert [(r.fields["id"], r.fields["text"], r.fields["language"]) for r in found] == [
        ("en/GREET", "Hello", "en"),
        ("pt-BR/GREET", "Olá", "pt-BR"),
        ("en/BYE", "Bye", "en"),
    ]
    assert Path(found[1].fields["sound"]) == tmp_path / "voices/pt-BR/GREET.wav"
    assert len(read(file, sound="{key}.wav", languages=["pt-BR"])) == 3  # the plan chooses among them


def test_unreal_string_table_and_godot_columns(tmp_path: Path) -> None:
    table = 'Key,SourceString\n"greet","Hello \\""you\\"",\\nBob"\n'  # Unreal's own escapes within those of CSV
    row = read(written(tmp_path / "ST.csv", table, "utf-16"), sound="Audio/{key}.wav")[0]
    assert (row.fields["id"], row.fields["text"]) == ("greet", 'Hello "you", Bob')
    godot = written(tmp_path / "tr.csv", "keys,en,de\nGREET,Hello,Hallo\n")
    assert [r.fields["id"] for r in read(godot, sound="{key}.wav")] == ["en/GREET", "de/GREET"]


def test_wwise_import_list(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "hi.wav").touch()
    text = (
        "Audio File\tObject Path\tObject Type\n"
        "en\\hi.wav\t\\Actor-Mixer Hierarchy\\Default Work Unit\\<Sound Voice>Hi\tSound Voice\n"
    )
    row = read(written(tmp_path / "wwise.txt", text))[0]
    assert row.fields["id"] == "Actor-Mixer Hierarchy\\Default Work Unit\\Hi"
    assert Path(row.fields["sound"]).is_file()


def test_columns_of_other_names_are_mapped_by_hand(tmp_path: Path) -> None:
    file = written(tmp_path / "x.csv", "Nummer,Datei,Satz\n7,a.wav,Hallo\n")
    row = read(file, columns={"id": "Nummer", "sound": "Datei", "text": "Satz"})[0]
    assert (row.fields["id"], row.fields["text"]) == ("7", "Hallo")
    with pytest.raises(LipsyncError, match="no column 'Name'. It has Nummer, Datei, Satz"):
        read(file, columns={"id": "Name"})


def test_a_glob_in_a_cell(tmp_path: Path) -> None:
    for name in ("a1.wav", "a2.wav"):
        (tmp_path / name).touch()
    file = written(tmp_path / "x.csv", "id,sound\nact,a*.wav\n")
    assert [row.fields["id"] for row in read(file)] == ["act/a1", "act/a2"]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("x.csv", b"id,text\n\xff\xfe\xfa,a\n", "not encoded as UTF-8"),
        ("x.csv", b'id,sound\n"a,b.wav\n', "row 2 is not CSV"),
        ("x.csv", b"id,text\na,Hello, you\n", "row 2 has more cells than the head. Put text with ',' in it"),
        ("x.tsv", b"id\ttext\na\tHello\tyou\n", "row 2 has more cells than the head. Put text with a tab in it"),
        ("x.jsonl", b"{]\n", "row 1 is not JSON"),
        ("x.jsonl", b"[1]\n", "row 1 is no JSON object"),
        ("x.xlsx", b"no zip", "is not an XLSX file"),
        ("x.pdf", b"", "is no table"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, complaint: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LipsyncError, match=complaint) as raised:
        read(tmp_path / name)
    assert name in str(raised.value) and raised.value.hint


def test_empty_cells_behind_the_last_column_are_nothing(tmp_path: Path) -> None:
    file = written(tmp_path / "x.csv", 'id,text\na,"Hello, you",,\nb,Bye, ,\n')
    assert [(row.fields["id"], row.fields["text"]) for row in read(file)] == [("a", "Hello, you"), ("b", "Bye")]


def test_a_column_for_an_option_is_no_language(tmp_path: Path) -> None:
    table = written(tmp_path / "t.tsv", "id\tsound\tfps\nhello\ta.wav\t30\n")
    assert [(row.fields["id"], row.fields["fps"]) for row in read(table)] == [("hello", "30")]


def test_a_language_that_no_line_has_is_said(tmp_path: Path) -> None:
    table = written(tmp_path / "t.csv", "id,sound,language\nhello,a.wav,en\n")
    with pytest.raises(LipsyncError, match="No line is in fr or it"):
        read(table, languages=["fr", "it"])
