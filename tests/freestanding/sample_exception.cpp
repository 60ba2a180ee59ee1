// SPDX-License-Identifier: Apache-2.0
// A sample that the freestanding link check must refuse: it throws, so the C++ runtime's
// __cxa_throw is left undefined.
void refuse(int value) {
  throw value;
}
