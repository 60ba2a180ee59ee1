/* SPDX-License-Identifier: Apache-2.0 */
/* glibc's headers ask for this one on a target that is not x86-64; a BPF program needs nothing
 * that it says. */
