// SPDX-License-Identifier: Apache-2.0
// A sample that the freestanding link check must refuse: a global whose value is computed at run
// time needs a constructor to run before main, and a bare machine has nobody to call it.
static unsigned seed() {
  volatile unsigned value = 41;
  return value + 1;
}

unsigned start_value = seed();
