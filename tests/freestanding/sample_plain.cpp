// SPDX-License-Identifier: Apache-2.0
// A sample that the freestanding link check must accept: it copies memory, which a compiler may
// turn into a call of memcpy, and needs nothing else.
struct Block {
  unsigned char bytes[4096];
};

void copy_block(Block& to, const Block& from) {
  to = from;
}
