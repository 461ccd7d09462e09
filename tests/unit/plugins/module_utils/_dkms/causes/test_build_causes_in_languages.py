# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Logs of DKMS in the language of the board, as apt makes them: translations of make, the C library and bash."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms.causes import build_log, languages
from stand_ins import failed_build

KERNEL = "6.1.99-rockchip-rk3588"
TAIL = "make: *** [Makefile:1821: x] 2\nError! Bad return status for module build on kernel: 6.1.99 (aarch64)\n"
# make without and with what needs the target
RULES = [
    ("*** 没有规则可制作目标\u201cmodules\u201d。 停止。",
     "*** 没有规则可制作目标\u201cx.h\u201d，由\u201cscripts/y.o\u201d。 停止。\n 需求"),
    ("*** 沒有規則可製作目標「modules」。 停止。", None),
    ("*** Keine Regel, um „modules\u201c zu erstellen.  Schluss.",
     ("*** Keine Regel vorhanden, um das Ziel „x.h\u201c, \n  benötigt von „scripts/y.o\u201c, zu erstellen.  "
      "Schluss.")),
    ("***  Nessuna regola per generare l'obiettivo «modules».  Arresto.",
     "*** Nessuna regola per generare l'obiettivo \"x.h\", necessario per \"scripts/y.o\".  Arresto."),
    ("*** Sem regra para processar o alvo 'modules'.  Pare. ",
     "*** Sem regra para processar o alvo 'x.h', necessário por 'scripts/y.o'.  Pare."),
    ("*** Brak reguł do wykonania obiektu 'modules'. Stop.",
     "*** Brak reguł do zrobienia obiektu 'x.h', wymaganego przez 'scripts/y.o'. Stop."),
    ("*** Er is geen regel om doel 'modules' te maken.  Gestopt.",
     "*** Er is geen regel om doel 'x.h' te maken, nodig voor 'scripts/y.o'.  Gestopt."),
    ("*** Ingen regel för att skapa målet \u201dmodules\u201d.  Stannar.",
     "*** Ingen regel för att skapa målet \u201dx.h\u201d, som behövs av \u201dscripts/y.o\u201d.  Stannar."),
    ("*** ターゲット 'modules' を make するルールがありません.  中止.",
     "*** 'scripts/y.o' に必要なターゲット 'x.h' を make するルールがありません.  中止."),
    ("*** 타겟 'modules'을(를) 만들 규칙이 없습니다.  멈춤.",
     "*** 'scripts/y.o'에서 필요한 'x.h' 타겟을 만들 규칙이 없습니다.  멈춤."),
]
EXEC = ["実行形式エラー", "Formato eseguibile non valido", "Erro no formato exec", "Błędny format pliku wykonywalnego",
        "可執行檔格式錯誤"]


@pytest.mark.parametrize("alone, needed", RULES)
def test_a_target_without_a_rule(alone, needed):
    assert languages.english(f"make[1]: {alone}\n").split("*** ")[1].split(".  Stop.")[0].strip() == (
        "No rule to make target 'modules'")
    if needed:
        assert "No rule to make target 'x.h', needed by 'scripts/y.o'.  Stop." in languages.english(needed)


@pytest.mark.parametrize("words", EXEC)
def test_the_lines_that_an_audit_sends_have_the_cause(tmp_path, words):
    log = f"/bin/sh: 1: scripts/basic/fixdep: {words}\nmake[2]: *** [scripts/Makefile.build:250: x.o] 126\n"
    sentence = failed_build.explained(tmp_path, KERNEL, log, TAIL, dkms="3.0.10", version="0.9.6")
    failed_build.assert_said(sentence, ("another architecture",), "fixdep: ")


@pytest.mark.parametrize("source, log, needed", [
    ("psygreg/linuxtoys: 6.8.0-49",
     ("make[3]: *** Sem regra para processar o alvo 'arch/arm64/tools/syscall_64.tbl', necessário por "
      "'arch/arm64/include/generated/uapi/asm/unistd_64.h'.  Pare.\n"), "lack arch/arm64/tools/syscall_64.tbl"),
    ("kind", "bash: linha 3: bc: comando não encontrado\nmake: *** [x] Error 127\n", "install bc"),
    ("kind", "x.c:5:10: erro fatal: openssl/bio.h: Arquivo ou diretório inexistente\n", "install libssl-dev"),
    ("kind", "ar: x.o: Brak miejsca na urządzeniu\n", "the disk is full"),
])
def test_the_cause(source, log, needed):
    assert needed in (build_log.explain(log + TAIL) or "")


@pytest.mark.parametrize("text", ["\u201d" * 60000, "「" * 60000, "'x' に必要な" * 9000,
                                  "Sem regra para processar o alvo 'x" * 4000])
def test_hostile_logs_take_no_longer(text):
    assert len(build_log.explain(text) or "") < 1000
