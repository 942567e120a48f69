"""The interface in other languages, for bpy.app.translations: German and Japanese are begun.

Another language is another column; a text that is not in the table stays English. Sentences with a name or a number in
them are put together in the code and stay English too.
"""

from __future__ import annotations

import bpy

from ..core.errors import LipsyncError

LANGUAGES = ("de_DE", "ja_JP")
"""The columns of TABLE, as Blender names its languages."""

TABLE: dict[str, tuple[str, str]] = {
    # Panels
    "Performance": ("Vortrag", "演技"),
    "Channels": ("Kanäle", "チャンネル"),
    "Keys": ("Keyframes", "キー"),
    "Take": ("Take", "テイク"),
    "Jaw and Tongue Bones": ("Kiefer- und Zungenknochen", "顎と舌のボーン"),
    "Export": ("Export", "書き出し"),
    "Words and Phonemes": ("Wörter und Phoneme", "単語と音素"),
    "Face": ("Gesicht", "顔"),
    "Speaker": ("Sprecher", "話者"),
    "Actor": ("Darsteller", "俳優"),
    "Actors": ("Darsteller", "俳優"),
    "Whose face and way of speaking, made with `lipsync adapt`; empty: the network's own": (
        "Wessen Gesicht und Sprechweise, mit `lipsync adapt` gemacht; leer: die des Netzes",
        "`lipsync adapt` で作った顔と話し方。空：ネットワーク自身のもの",
    ),
    "A folder with actors made with `lipsync adapt`, instead of the one in your configuration": (
        "Ein Ordner mit Darstellern von `lipsync adapt`, statt dem in deiner Konfiguration",
        "設定フォルダーの代わりに使う、`lipsync adapt` で作った俳優のフォルダー",
    ),
    "Speech Intensity": ("Sprechstärke", "発話の強さ"),
    "How large the speaker moves the mouth; p, b and m close all the same": (
        "Wie weit der Sprecher den Mund bewegt; p, b und m schließen trotzdem",
        "話者が口を動かす大きさ。p、b、m は変わらず閉じます",
    ),
    "Filmed": ("Gefilmt", "撮影"),
    "Captured": ("Aufgezeichnet", "キャプチャー"),
    "Clear": ("Deutlich", "明瞭"),
    "As the filmed talker speaks": ("Wie der Gefilmte spricht", "撮影された話者のように"),
    "As the captured face speaks": ("Wie das aufgezeichnete Gesicht spricht", "キャプチャーした顔のように"),
    "As the phones alone ask for, the jaw as the sound is heard": (
        "Wie es die Laute allein verlangen, der Kiefer wie der Ton gehört wird",
        "音素だけが求めるとおりに、顎は聞こえた音のとおりに",
    ),
    "Sequencer": ("Sequencer", "シーケンサー"),
    "Live": ("Live", "ライブ"),
    "Batch": ("Stapel", "バッチ"),
    # Buttons
    "Detect": ("Erkennen", "検出"),
    "Bake": ("Backen", "ベイク"),
    "Bake Strips": ("Strips backen", "ストリップをベイク"),
    "Bake Again": ("Erneut backen", "再ベイク"),
    "List Channels": ("Kanäle auflisten", "チャンネルを一覧表示"),
    "Selected Strips": ("Ausgewählte Strips", "選択したストリップ"),
    "Remove Row": ("Zeile entfernen", "行を削除"),
    "Save Preset": ("Vorlage speichern", "プリセットを保存"),
    "Delete Preset": ("Vorlage löschen", "プリセットを削除"),
    "Import Preset": ("Vorlage importieren", "プリセットを読み込む"),
    "Export Preset": ("Vorlage exportieren", "プリセットを書き出す"),
    "Add Channel": ("Kanal hinzufügen", "チャンネルを追加"),
    "Remove Channel": ("Kanal entfernen", "チャンネルを削除"),
    "Next Doubtful Place": ("Nächste zweifelhafte Stelle", "次の不確かな箇所"),
    "Markers": ("Marker", "マーカー"),
    "Hide or Show Hand Edits": ("Handarbeit aus- oder einblenden", "手作業の編集の表示切り替え"),
    "Hide Hand Edits": ("Handarbeit ausblenden", "手作業の編集を隠す"),
    "Show Hand Edits": ("Handarbeit einblenden", "手作業の編集を表示"),
    "Discard Hand Edits": ("Handarbeit verwerfen", "手作業の編集を破棄"),
    "Discard": ("Verwerfen", "破棄"),
    "Discard Phoneme Edits": ("Phonem-Änderungen verwerfen", "音素の編集を破棄"),
    "Change": ("Ändern", "変更"),
    "Insert": ("Einfügen", "挿入"),
    "Delete": ("Löschen", "削除"),
    "Mute": ("Stumm", "ミュート"),
    "Move Start": ("Anfang verschieben", "開始を移動"),
    "Stretch Word": ("Wort strecken", "単語を伸縮"),
    "Drag Phoneme": ("Phonem ziehen", "音素をドラッグ"),
    "Export Character": ("Figur exportieren", "キャラクターを書き出す"),
    "Export Curves": ("Kurven exportieren", "カーブを書き出す"),
    "Read Batch": ("Stapel einlesen", "バッチを読み込む"),
    "Select Lines": ("Zeilen auswählen", "セリフを選択"),
    "Import as Takes": ("Als Takes importieren", "テイクとして読み込む"),
    "Start": ("Start", "開始"),
    "Stop": ("Stopp", "停止"),
    "Open Folder": ("Ordner öffnen", "フォルダーを開く"),
    # Sound, character, keys
    "Sound from": ("Ton aus", "音声の入力元"),
    "File": ("Datei", "ファイル"),
    "Sound": ("Ton", "音声"),
    "Strip": ("Strip", "ストリップ"),
    "Character": ("Figur", "キャラクター"),
    "Rig": ("Rig", "リグ"),
    "Add Sound": ("Ton hinzufügen", "音声を追加"),
    "Extend Scene": ("Szene verlängern", "シーンを延長"),
    "Preset": ("Vorlage", "プリセット"),
    "Intensity": ("Stärke", "強さ"),
    "Jaw": ("Kiefer", "顎"),
    "Lips": ("Lippen", "唇"),
    "Closure": ("Lippenschluss", "閉唇"),
    "Smoothing": ("Glättung", "平滑化"),
    "Anticipation": ("Vorlauf", "先行"),
    "Asymmetry": ("Asymmetrie", "非対称"),
    "Channel": ("Kanal", "チャンネル"),
    "Gain": ("Verstärkung", "ゲイン"),
    "Offset": ("Versatz", "オフセット"),
    "Every Frame": ("Jedes Bild", "全フレーム"),
    "Sparse": ("Sparsam", "最小限"),
    "On Twos": ("Auf Zweiern", "2コマ打ち"),
    "Held Poses": ("Gehaltene Posen", "ポーズを保持"),
    "Error": ("Abweichung", "誤差"),
    "NLA Strip": ("NLA-Strip", "NLAストリップ"),
    "True Closures": ("Echte Lippenschlüsse", "正確な閉唇"),
    "Jaw Bone": ("Kieferknochen", "顎ボーン"),
    "Tongue Bone": ("Zungenknochen", "舌ボーン"),
    "Bone": ("Knochen", "ボーン"),
    "Own Angle": ("Eigener Winkel", "角度を指定"),
    "Angle": ("Winkel", "角度"),
    "Axis": ("Achse", "軸"),
    # Face, words, sequencer, live
    "Blinks": ("Blinzeln", "まばたき"),
    "Brows": ("Brauen", "眉"),
    "Head": ("Kopf", "頭"),
    "Eyes": ("Augen", "目"),
    "Breath": ("Atem", "息継ぎ"),
    "Rest Pose": ("Ruhepose", "休止ポーズ"),
    "Calm": ("Ruhe", "落ち着き"),
    "Seed": ("Zufallsstart", "シード"),
    "Text": ("Text", "テキスト"),
    "Language": ("Sprache", "言語"),
    "Update Curves": ("Kurven aktualisieren", "カーブを更新"),
    "Show in Dope Sheet": ("Im Dope Sheet zeigen", "ドープシートに表示"),
    "Strips": ("Strips", "ストリップ"),
    "One Take per": ("Ein Take je", "テイクの単位"),
    "Listen to": ("Hört auf", "入力"),
    "Microphone": ("Mikrofon", "マイク"),
    "Record": ("Aufnehmen", "録音"),
    # Preferences
    "Network runs on": ("Netz läuft auf", "ネットワークの実行先"),
    "Automatic": ("Automatisch", "自動"),
    "Threads": ("Threads", "スレッド数"),
    "New files begin with": ("Neue Dateien beginnen mit", "新規ファイルの初期値"),
    "Rig Profiles": ("Rig-Profile", "リグプロファイル"),
    "Log File": ("Protokolldatei", "ログファイル"),
    # What is told
    "A line is being baked.": ("Eine Zeile wird gerade gebacken.", "セリフをベイク中です。"),
    "Stopped. Nothing was changed.": ("Angehalten. Nichts wurde geändert.", "停止しました。何も変更されていません。"),
    "Choose a sound file.": ("Wähle eine Tondatei.", "音声ファイルを選んでください。"),
    "Choose a preset.": ("Wähle eine Vorlage.", "プリセットを選んでください。"),
    "Bake a voice line first.": ("Backe erst eine Zeile.", "先にセリフをベイクしてください。"),
    "Select voice strips in the sequencer.": (
        "Wähle Sprach-Strips im Sequencer aus.",
        "シーケンサーで音声ストリップを選択してください。",
    ),
    "There is no sound in the sequencer.": ("Im Sequencer ist kein Ton.", "シーケンサーに音声がありません。"),
    "There is no doubtful place in this take.": (
        "In diesem Take ist keine Stelle zweifelhaft.",
        "このテイクに不確かな箇所はありません。",
    ),
    "Save the .blend file first: recordings go beside it.": (
        "Sichere erst die .blend-Datei: Aufnahmen liegen daneben.",
        "先に.blendファイルを保存してください。録音はその隣に置かれます。",
    ),
    "The preview is running.": ("Die Vorschau läuft.", "プレビューを実行中です。"),
    "The take does not know its recording: bake the line once more.": (
        "Der Take kennt seine Aufnahme nicht: Backe die Zeile noch einmal.",
        "このテイクには元の音声の情報がありません。もう一度ベイクしてください。",
    ),
    "Sliders do not act on this take: it does not know its recording. Bake the line once more.": (
        "Regler wirken nicht auf diesen Take: Er kennt seine Aufnahme nicht. Backe die Zeile noch einmal.",
        "このテイクには元の音声の情報がないため、スライダーは効きません。もう一度ベイクしてください。",
    ),
    "The take is shown without your changes.": (
        "Der Take wird ohne deine Änderungen gezeigt.",
        "あなたの変更なしでテイクを表示しています。",
    ),
    "Your changes are back.": ("Deine Änderungen sind wieder da.", "あなたの変更を元に戻しました。"),
    "Edited: Bake plays these phonemes.": (
        "Geändert: Backen spielt diese Phoneme.",
        "編集済み：ベイクするとこの音素で再生されます。",
    ),
    "The character has no baked take.": ("Die Figur hat keinen gebackenen Take.", "キャラクターにベイク済みのテイクがありません。"),
    "There is no character.": ("Es gibt keine Figur.", "キャラクターがありません。"),
    "No channel is chosen.": ("Kein Kanal ist gewählt.", "チャンネルが選ばれていません。"),
    "Click one in the list.": ("Klicke einen in der Liste an.", "リストでクリックしてください。"),
    "This phone belongs to no word.": ("Dieser Laut gehört zu keinem Wort.", "この音はどの単語にも属していません。"),
    "Choose a phone of a word.": ("Wähle einen Laut eines Wortes.", "単語に属する音を選んでください。"),
    "The words of this take are not known.": (
        "Die Wörter dieses Takes sind nicht bekannt.",
        "このテイクの単語は分かっていません。",
    ),
    "Type the text of the line and bake it again.": (
        "Gib den Text der Zeile ein und backe sie noch einmal.",
        "セリフのテキストを入力し、もう一度ベイクしてください。",
    ),
}
"""English text of the code -> German, Japanese."""

CONTEXTS = ("*", "Operator")
"""Where Blender looks: labels and properties, buttons."""


def start() -> None:
    """Blender knows the table from now on."""
    bpy.app.translations.register(
        __package__,
        {
            language: {(context, text): row[column] for text, row in TABLE.items() for context in CONTEXTS}
            for column, language in enumerate(LANGUAGES)
        },
    )


def stop() -> None:
    """The reverse."""
    bpy.app.translations.unregister(__package__)


def told(what: str | LipsyncError) -> str:
    """A report or an error in the user's language, as far as the table goes."""
    parts = (what.message, what.hint) if isinstance(what, LipsyncError) else (what,)
    return " ".join(bpy.app.translations.pgettext_rpt(part) for part in parts if part)
