/* SPDX-License-Identifier: Apache-2.0 */
/* Programs from inside the kernel tree name this header by its path there; the installed one has
 * the same contents. */
#include <linux/bpf.h>
