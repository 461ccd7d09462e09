/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copyright: (c) 2026, rkfleet.npu contributors */
/* For kernels that went back to plain page frame numbers (6.16). */
#ifndef RKFLEET_PFN_T_H
#define RKFLEET_PFN_T_H

#define __pfn_to_pfn_t(pfn, flags) (pfn)

#endif
