# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put the most common messages of a build log into English.

Builds of this collection print English. When apt updates the kernel, DKMS builds in the language of the board.
"""

from __future__ import annotations

import re

# What an operating system's calls, shells and make say.
_WORDS = (
    ("No such file or directory",
     ("没有那个文件或目录|沒有此一檔案或目錄|Datei oder Verzeichnis nicht gefunden|"
      "Aucun fichier ou dossier de ce (?:type|nom)|No existe el (?:archivo|fichero) o el directorio|"
      "Нет такого файла или каталога|File o directory non esistente|Arquivo ou diretório inexistente|"
      "Nie ma takiego pliku ani katalogu|そのようなファイルやディレクトリはありません|"
      "그런 파일이나 디렉터리가 없습니다|Bestand of map bestaat niet|"
      "Adresář nebo soubor neexistuje|Filen eller katalogen finns inte|"
      "Немає такого файла або каталогу|Böyle bir dosya ya da dizin yok")),
    ("Permission denied",
     ("权限不够|拒绝访问|拒絕不符權限的操作|Keine Berechtigung|Permission non accordée|Permiso denegado|"
      "Отказано в доступе|Permesso negato|Permissão negada|Brak dostępu|許可がありません|허가 거부|Toegang geweigerd|"
      "Operace zamítnuta|Åtkomst nekas|Відмовлено у доступі|Erişim engellendi")),
    ("No space left on device",
     ("设备上没有空间|裝置上已無多餘空間|Auf dem Gerät ist kein Speicherplatz mehr verfügbar|"
      "Aucun espace disponible sur le périphérique|No queda espacio en el dispositivo|"
      "На устройстве не осталось свободного места|Spazio esaurito sul device|"
      "Não há espaço disponível no dispositivo|Brak miejsca na urządzeniu|デバイスに空き領域がありません|"
      "장치에 남은 공간이 없음|Geen ruimte meer over op apparaat|Na zařízení není volné místo|Enheten är full|"
      "Недостатньо місця на пристрої|Aygıt üzerinde boş yer yok")),
    ("Exec format error",
     ("可执行文件格式错误|可執行檔格式錯誤|Fehler im Format der Programmdatei|Erreur de format pour exec\\(\\)|"
      "Formato de ejecutable incorrecto|Ошибка формата выполняемого файла|Formato eseguibile non valido|"
      "Erro no formato exec|Błędny format pliku wykonywalnego|実行形式エラー|Exec 형식 오류|"
      "Verkeerd uitvoerbaar bestand|Chybný formát spustitelného souboru|Formatfel på körbar fil|"
      "Помилка, пов.язана з форматом виконуваних файлів|Çalıştırılabilir biçem hatası")),
    ("Read-only file system",
     ("只读文件系统|唯讀的檔案系統|Das Dateisystem ist nur lesbar|Système de fichiers accessible en lecture seulement|"
      "Sistema de (?:archivos|ficheros) de s[oó]lo lectura|Файловая система доступна только для чтения|"
      "File system in sola lettura|Sistema de arquivos somente para leitura|System plików wyłącznie do odczytu|"
      "読み込み専用ファイルシステムです|읽기전용 파일 시스템|Bestandssysteem is alleen-lezen|"
      "Systém souborů je pouze pro čtení|Skrivskyddat filsystem|Файлова система тільки для зчитування|"
      "Salt-okunur dosya sistemi")),
    ("Cannot allocate memory",
     ("无法分配内存|無法配置記憶體|Nicht genügend Hauptspeicher verfügbar|"
      "(?:Ne peut|Impossible d['\u2019]) ?allouer (?:de )?la mémoire|"
      "No se pudo asignar memoria|Невозможно выделить память|Impossibile allocare memoria|"
      "Não foi possível alocar memória|Nie można przydzielić pamięci|メモリを確保できません|"
      "메모리를 할당할 수 없습니다|Onvoldoende geheugen beschikbaar|"
      "Nelze alokovat paměť|Kan inte allokera minne|Не вдалося розподілити пам.ять|"
      "Bellek ayrılamadı")),
    ("Input/output error",
     ("输入/输出错误|輸入/輸出錯誤|Eingabe-/Ausgabefehler|Erreur d['\u2019]entrée/sortie|Error de entrada/salida|"
      "Ошибка ввода/вывода|Errore di input/output|Erro de entrada/saída|Błąd wejścia/wyjścia|入力/出力エラーです|"
      "입력/출력 오류|Invoer-/uitvoerfout|Chyba vstupu/výstupu|In/ut-fel|Помилка введення-виведення|"
      "Girdi/Çıktı hatası")),
    ("command not found",
     ("未找到命令|命令未找到|指令找不到|(?:Befehl|Kommando) nicht gefunden|commande introuvable|orden no encontrada|"
      "команда не найдена|comando non trovato|comando não encontrado|nie znaleziono polecenia|"
      "コマンドが見つかりません|명령어를 찾을 수 없음|opdracht niet gevonden|příkaz nenalezen|kommandot finns inte|"
      "команду не знайдено|komut yok")),
    ("fatal error: ",
     ("(?:致命错误|致命的エラー|嚴重錯誤|schwerwiegender Fehler|erreur fatale|error fatal|erro fatal|"
      "фатальная ошибка)\\s?:")),
    ("error: ", "(?:错误|錯誤|エラー|Fehler|erreur|erro|ошибка)\\s?:"),
    ("unrecognized command-line option ",
     ("无法识别的命令行选项|(?:nicht erkannte|unbekannte) Kommandozeilenoption|"
      "option de ligne de commande (?:non reconnue|inconnue)|нераспознанный ключ")),
    ("implicit declaration of function ",
     ("隐式声明函数|[Ii]mplizite Deklaration der Funktion|déclaration implicite de la fonction|"
      "неявная декларация функции|declaración implícita de la función")),
)
_NAME = r"""['"]([^'"\n]{1,250})['"]"""
# make's words for a rule that is missing: the target, what needs it, the end.
_NO_RULE = (
    # make 4.3 puts the last word behind the end.
    (rf"(?:没有规则可制作目标|沒有規則可製作目標)\s?{_NAME}", rf"，由\s?{_NAME}(?:\s?需求)?",
     r"。\s?停止。?(?:\s需求)?"),
    (rf"Нет правила для сборки цели {_NAME}", f", требуемой для {_NAME}", r"\.\s+Останов\."),
    (rf"Keine Regel(?: vorhanden)?, um(?: das (?:Target|Ziel))? {_NAME}", rf",\s+benötigt von {_NAME},",
     r" zu erstellen\.\s+Schluss\."),
    (rf"(?:Pas de|Aucune) règle pour fabriquer la cible {_NAME}", f", nécessaire pour {_NAME}", r"\.\s+Arrêt\."),
    (rf"No hay ninguna regla para construir el objetivo {_NAME}", f", necesario para {_NAME}", r"\.\s+Alto\."),
    (rf"Nessuna regola per generare l'obiettivo {_NAME}", f", necessario per {_NAME}", r"\.\s+Arresto\."),
    (rf"Sem regra para processar o alvo {_NAME}", f", necessário por {_NAME}", r"\.\s+Pare\.?"),
    (rf"Brak reguł do (?:wykonania|zrobienia) obiektu {_NAME}", f", wymaganego przez {_NAME}", r"\.\s+Stop\."),
    (rf"Er is geen regel om doel {_NAME} te maken", f", nodig voor {_NAME}", r"\.\s+Gestopt\."),
    (rf"Žádné pravidlo jak vyrobit cíl {_NAME}", f" potřebný pro {_NAME}", r"\.\s+Konec\."),
    (rf"Ingen regel för att skapa målet {_NAME}", f", som behövs av {_NAME}", r"\.\s+Stannar\."),
    (rf"Нема правила для створення цілі {_NAME}", f", необхідної для {_NAME}", r"\.\s+Зупинка\."),
)
_RULE, _NEEDED = r"No rule to make target '\1'.  Stop.", r"No rule to make target '\2', needed by '\1'.  Stop."
# (pattern, what to put in its place): quotes and colons first.
_SENTENCES = (
    (r"：\s?", ": "),
    ((r"«[\s\u00a0]*([^«»\n]{1,250}?)[\s\u00a0]*»|»([^«»\n]{1,250})«"
     r"|[„\u201c\u201d]([^\u201c\u201d\n]{1,250})[\u201c\u201d]|「([^「」\n]{1,250})」"), r"'\1\2\3\4'"),
    *((f"(?:{foreign})" + (r"\s?" if english[-1] in ": " else ""), english) for english, foreign in _WORDS),
    (r"\s:\s(?=No such file|Permission denied|No space left|Exec format|Read-only file|Input/output|command )", ": "),
    ((r"(?m)^(\S{1,100}: )(?:行|列|줄|Zeile|ligne|línea|строка|рядок|linha|riga|linia|regel|řádek|rad|satır) ?"
      r"(\d{1,6})\s?:"), r"\1line \2:"),
    *((rule + more + end, f"No rule to make target '\\1'{needed}.  Stop.")
      for rule, by, end in _NO_RULE for more, needed in ((by, r", needed by '\2'"), ("", ""))),
    (rf"{_NAME} ?に必要なターゲット {_NAME} を make するルールがありません\.\s+中止\.", _NEEDED),
    (rf"ターゲット {_NAME} を make するルールがありません\.\s+中止\.", _RULE),
    (rf"{_NAME}에서 필요한 {_NAME} 타겟을 만들 규칙이 없습니다\.\s+멈춤\.", _NEEDED),
    (rf"타겟 {_NAME}을\(를\) 만들 규칙이 없습니다\.\s+멈춤\.", _RULE),
    (r"提供给函数\s?(\S{1,100}?)\s?的实参太多", r"too many arguments to function \1"),
    (r"提供给函数\s?(\S{1,100}?)\s?的实参太少", r"too few arguments to function \1"),
    (r"(?<=error: )([^\n]{1,100}?)\s?没有名为\s?(\S{1,100}?)\s?的成员", r"\1 has no member named \2"),
    (r"(?<=error: )(\S{1,100}?)\s?未声明", r"\1 undeclared"),
)


def english(log):
    """Return a log with its most common messages in English."""
    for foreign, words in _SENTENCES:
        log = re.sub(foreign, words, log)
    return log
