// SPDX-License-Identifier: Apache-2.0
// Externs of every C type that a kernel's configuration can fill, and kernel symbols.
// clang-format off
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
#define SEC(name) __attribute__((section(name), used))
#define __kconfig __attribute__((section(".kconfig")))
#define __ksym __attribute__((section(".ksyms")))
#define __weak __attribute__((weak))
enum libbpf_tristate { TRI_NO, TRI_YES, TRI_MODULE };
struct shape { int size; };

extern _Bool CONFIG_BOOL __kconfig;
extern enum libbpf_tristate CONFIG_TRISTATE __kconfig;
extern char CONFIG_CHAR __kconfig;
extern u16 CONFIG_SHORT __kconfig;
extern int CONFIG_INT __kconfig;
extern u64 CONFIG_LONG __kconfig;
extern char CONFIG_TEXT[6] __kconfig;
extern int CONFIG_OPTIONAL __kconfig __weak;
extern int CONFIG_STRONG __kconfig;
extern u8 CONFIG_NARROW __kconfig;
extern int LINUX_KERNEL_VERSION __kconfig;
extern int LINUX_HAS_SOMETHING_NEW __kconfig __weak;
extern int kernel_counter __ksym;
extern int no_counter __ksym __weak;
extern int kernel_function(struct shape *shape) __ksym;
extern int no_function(struct shape *shape) __ksym __weak;
extern int strong_function(struct shape *shape) __ksym;
extern void no_such_kernel_symbol __ksym __weak;

SEC("xdp") u64 all(void *ctx)
{
	return CONFIG_BOOL + CONFIG_TRISTATE + CONFIG_CHAR + CONFIG_SHORT + CONFIG_INT + CONFIG_LONG + CONFIG_TEXT[1]
	       + CONFIG_OPTIONAL + LINUX_KERNEL_VERSION + LINUX_HAS_SOMETHING_NEW;
}
SEC("xdp") int strong(void *ctx) { return CONFIG_STRONG; }
SEC("xdp") int narrow(void *ctx) { return CONFIG_NARROW; }
SEC("xdp") int variable(void *ctx) { return *(volatile int *)&kernel_counter; }
SEC("xdp") int weak_variable(void *ctx) { return &no_counter ? 1 : 2; }
SEC("xdp") int weak_symbol(void *ctx) { return &no_such_kernel_symbol ? 1 : 2; }
SEC("xdp") int function(void *ctx) { return kernel_function(ctx); }
SEC("xdp") int weak_function(void *ctx) { return no_function ? no_function(ctx) : 0; }
SEC("xdp") int missing_function(void *ctx) { return strong_function(ctx); }
char _license[] SEC("license") = "GPL";
