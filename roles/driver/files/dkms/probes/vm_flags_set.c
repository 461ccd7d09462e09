// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright: (c) 2026, rkfleet.npu contributors
/* In mainline from 6.3; some vendor trees of 6.1 have them in a header of their own. */
#include <linux/mm.h>
#if __has_include(<linux/version_compat_defs.h>)
#include <linux/version_compat_defs.h>
#endif

void probe(struct vm_area_struct *vma);
void probe(struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_IO);
	vm_flags_clear(vma, VM_PFNMAP);
}
