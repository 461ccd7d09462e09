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
     ("没有那个文件或目录|Datei oder Verzeichnis nicht gefunden|Aucun fichier ou dossier de ce (?:type|nom)|"
      "No existe el (?:archivo|fichero) o el directorio|Нет такого файла или каталога|File o directory non esistente|"
      "Arquivo ou diretório inexistente|Nie ma takiego pliku ani katalogu|そのようなファイルやディレクトリはありません|"
      "그런 파일이나 디렉터리가 없습니다")),
    ("Permission denied",
     ("权限不够|拒绝访问|Keine Berechtigung|Permission non accordée|Permiso denegado|Отказано в доступе|"
      "Permesso negato|Permissão negada")),
    ("No space left on device",
     ("设备上没有空间|Auf dem Gerät ist kein Speicherplatz mehr verfügbar|Aucun espace disponible sur le périphérique|"
      "No queda espacio en el dispositivo|На устройстве не осталось свободного места|"
      "Não há espaço disponível no dispositivo")),
    ("Exec format error",
     ("可执行文件格式错误|Fehler im Format der Programmdatei|Erreur de format pour exec\\(\\)|"
      "Formato de ejecutable incorrecto|Ошибка формата выполняемого файла")),
    ("Read-only file system",
     ("只读文件系统|Das Dateisystem ist nur lesbar|Système de fichiers accessible en lecture seulement|"
      "Sistema de archivos de solo lectura|Файловая система доступна только для чтения")),
    ("Cannot allocate memory",
     ("无法分配内存|Nicht genügend Hauptspeicher verfügbar|"
      "(?:Ne peut|Impossible d['\u2019]) ?allouer (?:de )?la mémoire|"
      "No se pudo asignar memoria|Невозможно выделить память")),
    ("Input/output error",
     "输入/输出错误|Eingabe-/Ausgabefehler|Erreur d['\u2019]entrée/sortie|Error de entrada/salida|Ошибка ввода/вывода"),
    ("command not found",
     ("未找到命令|命令未找到|(?:Befehl|Kommando) nicht gefunden|commande introuvable|orden no encontrada|"
      "команда не найдена|comando non trovato|comando não encontrado")),
    ("fatal error: ", "(?:致命错误|schwerwiegender Fehler|erreur fatale|error fatal|фатальная ошибка)\\s?:"),
    ("error: ", "(?:错误|Fehler|erreur|ошибка)\\s?:"),
    ("unrecognized command-line option ",
     ("无法识别的命令行选项|(?:nicht erkannte|unbekannte) Kommandozeilenoption|"
      "option de ligne de commande (?:non reconnue|inconnue)|нераспознанный ключ")),
    ("implicit declaration of function ",
     ("隐式声明函数|[Ii]mplizite Deklaration der Funktion|déclaration implicite de la fonction|"
      "неявная декларация функции|declaración implícita de la función")),
)
_NAME = r"'([^'\n]{1,250})'"
# make's words for a rule that is missing: the target, what needs it, the end.
_NO_RULE = (
    (rf"没有规则可制作目标\s?{_NAME}", rf"，由\s?{_NAME}\s?需求", r"。\s?停止。?"),
    (rf"Нет правила для сборки цели {_NAME}", f", требуемой для {_NAME}", r"\.\s+Останов\."),
    (rf"Keine Regel(?: vorhanden)?, um(?: das Target)? {_NAME}", f", benötigt von {_NAME},",
     r" zu erstellen\.\s+Schluss\."),
    (rf"(?:Pas de|Aucune) règle pour fabriquer la cible {_NAME}", f", nécessaire pour {_NAME}", r"\.\s+Arrêt\."),
    (rf"No hay ninguna regla para construir el objetivo {_NAME}", f", necesario para {_NAME}", r"\.\s+Alto\."),
)
# (pattern, what to put in its place): quotes and colons first.
_SENTENCES = (
    (r"：\s?", ": "),
    ((r"«[\s\u00a0]*([^«»\n]{1,250}?)[\s\u00a0]*»|»([^«»\n]{1,250})«"
     r"|[„\u201c]([^\u201c\u201d\n]{1,250})[\u201c\u201d]"), r"'\1\2\3'"),
    *((f"(?:{foreign})" + (r"\s?" if english[-1] in ": " else ""), english) for english, foreign in _WORDS),
    (r"\s:\s(?=No such file|Permission denied|No space left|Exec format|Read-only file|Input/output|command )", ": "),
    (r"(?m)^(\S{1,100}: )(?:行|Zeile|ligne|línea|строка|linha|riga) ?(\d{1,6})\s?:", r"\1line \2:"),
    *((rule + more + end, f"No rule to make target '\\1'{needed}.  Stop.")
      for rule, by, end in _NO_RULE for more, needed in ((by, r", needed by '\2'"), ("", ""))),
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
