// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* All that later vendor trees of 6.1 have: one compile says that nothing is missing. */
#include "monitor_type_dev.c"
#include "opp_set_low_length.c"
#include "opp_set_soc_info.c"
#include "opp_uninit.c"
