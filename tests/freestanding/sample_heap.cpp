// SPDX-License-Identifier: Apache-2.0
// A sample that the freestanding link check must refuse: it allocates, so operator new is left
// undefined. The pointer escapes, or the compiler could leave the allocation out.
int* make_number() {
  return new int{1};
}
