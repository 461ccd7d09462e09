# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, rkfleet.npu contributors
"""Logs of DKMS in the language of the board, as apt makes them: translations of make, the C library and bash."""

from __future__ import annotations

import pytest
from ansible_collections.rkfleet.npu.plugins.module_utils._dkms import build_log, languages
from stand_ins import failed_build

KERNEL = "6.1.99-rockchip-rk3588"
TAIL = "make: *** [Makefile:1821: x] 2\nError! Bad return status for module build on kernel: 6.1.99 (aarch64)\n"
# make without and with what needs the target
RULES = [
    ("*** \u6ca1\u6709\u89c4\u5219\u53ef\u5236\u4f5c\u76ee\u6807\u201cmodules\u201d\u3002 \u505c\u6b62\u3002",
     ("*** \u6ca1\u6709\u89c4\u5219\u53ef\u5236\u4f5c\u76ee\u6807\u201cx.h\u201d\uff0c\u7531\u201cscripts/y.o\u201d\u3002 "
      "\u505c\u6b62\u3002\n \u9700\u6c42")),
    ("*** \u6c92\u6709\u898f\u5247\u53ef\u88fd\u4f5c\u76ee\u6a19\u300cmodules\u300d\u3002 \u505c\u6b62\u3002", None),
    ("*** Keine Regel, um \u201emodules\u201c zu erstellen.  Schluss.",
     "*** Keine Regel vorhanden, um das Ziel \u201ex.h\u201c, \n  ben\u00f6tigt von \u201escripts/y.o\u201c, zu erstellen.  Schluss."),
    ("***  Nessuna regola per generare l'obiettivo \u00abmodules\u00bb.  Arresto.",
     "*** Nessuna regola per generare l'obiettivo \"x.h\", necessario per \"scripts/y.o\".  Arresto."),
    ("*** Sem regra para processar o alvo 'modules'.  Pare. ",
     "*** Sem regra para processar o alvo 'x.h', necess\u00e1rio por 'scripts/y.o'.  Pare."),
    ("*** Brak regu\u0142 do wykonania obiektu 'modules'. Stop.",
     "*** Brak regu\u0142 do zrobienia obiektu 'x.h', wymaganego przez 'scripts/y.o'. Stop."),
    ("*** Er is geen regel om doel 'modules' te maken.  Gestopt.",
     "*** Er is geen regel om doel 'x.h' te maken, nodig voor 'scripts/y.o'.  Gestopt."),
    ("*** Ingen regel f\u00f6r att skapa m\u00e5let \u201dmodules\u201d.  Stannar.",
     "*** Ingen regel f\u00f6r att skapa m\u00e5let \u201dx.h\u201d, som beh\u00f6vs av \u201dscripts/y.o\u201d.  Stannar."),
    ("*** \u30bf\u30fc\u30b2\u30c3\u30c8 'modules' \u3092 make \u3059\u308b\u30eb\u30fc\u30eb\u304c\u3042\u308a\u307e\u305b\u3093.  \u4e2d\u6b62.",
     ("*** 'scripts/y.o' \u306b\u5fc5\u8981\u306a\u30bf\u30fc\u30b2\u30c3\u30c8 'x.h' \u3092 make \u3059\u308b\u30eb\u30fc\u30eb\u304c\u3042\u308a\u307e\u305b\u3093.  "
      "\u4e2d\u6b62.")),
    ("*** \ud0c0\uac9f 'modules'\uc744(\ub97c) \ub9cc\ub4e4 \uaddc\uce59\uc774 \uc5c6\uc2b5\ub2c8\ub2e4.  \uba48\ucda4.",
     ("*** 'scripts/y.o'\uc5d0\uc11c \ud544\uc694\ud55c 'x.h' \ud0c0\uac9f\uc744 \ub9cc\ub4e4 \uaddc\uce59\uc774 \uc5c6\uc2b5\ub2c8\ub2e4.  "
      "\uba48\ucda4.")),
]
EXEC = ["\u5b9f\u884c\u5f62\u5f0f\u30a8\u30e9\u30fc", "Formato eseguibile non valido", "Erro no formato exec",
        "B\u0142\u0119dny format pliku wykonywalnego", "\u53ef\u57f7\u884c\u6a94\u683c\u5f0f\u932f\u8aa4"]


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
     ("make[3]: *** Sem regra para processar o alvo 'arch/arm64/tools/syscall_64.tbl', necess\u00e1rio por "
      "'arch/arm64/include/generated/uapi/asm/unistd_64.h'.  Pare.\n"), "lack arch/arm64/tools/syscall_64.tbl"),
    ("kind", "bash: linha 3: bc: comando n\u00e3o encontrado\nmake: *** [x] Error 127\n", "install bc"),
    ("kind", "x.c:5:10: erro fatal: openssl/bio.h: Arquivo ou diret\u00f3rio inexistente\n", "install libssl-dev"),
    ("kind", "ar: x.o: Brak miejsca na urz\u0105dzeniu\n", "the disk is full"),
])
def test_the_cause(source, log, needed):
    assert needed in (build_log.explain(log + TAIL) or "")


@pytest.mark.parametrize("text", ["\u201d" * 60000, "\u300c" * 60000, "'x' \u306b\u5fc5\u8981\u306a" * 9000,
                                  "Sem regra para processar o alvo 'x" * 4000])
def test_hostile_logs_take_no_longer(text):
    assert len(build_log.explain(text) or "") < 1000
