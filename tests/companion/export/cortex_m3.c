/* cortex_m3: from reset to main on a bare Cortex-M3, with newlib's semihosting for what main prints. Its return value ends the emulator. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern char data_begin[], data_end[], data_source[], bss_begin[], bss_end[], stack_top[];
void initialise_monitor_handles(void);
int main(int argc, char **argv);
void _init(void);
void _fini(void);

/* What newlib calls before and after main: there are no constructors. */
void _init(void) {
}

void _fini(void) {
}

void reset(void);
void reset(void) {
  memcpy(data_begin, data_source, (size_t)(data_end - data_begin));
  memset(bss_begin, 0, (size_t)(bss_end - bss_begin));
  initialise_monitor_handles();
  exit(main(0, NULL));
}

/* A fault ends the run: SYS_EXIT of the semihosting interface, with what is no regular end. */
static void fault(void) {
  __asm__ volatile("movs r0, #0x18\n movs r1, #0\n bkpt 0xab");
  for (;;) {
  }
}

typedef void handler(void);

__attribute__((section(".vectors"), used)) static const struct {
  void *stack;
  handler *handlers[15];
} vectors = {stack_top, {reset, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault}};
