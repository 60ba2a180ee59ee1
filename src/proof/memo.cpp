// SPDX-License-Identifier: Apache-2.0
// One map behind one mutex: a look-up costs far less than making the key.
#include "proof/memo.hpp"

namespace probity::proof {

std::optional<Settled> Memo::find_or_reserve(const Hash128& key) {
  std::unique_lock lock(mutex_);
  const auto [place, is_new] = queries_.try_emplace({key.high, key.low}, std::nullopt);
  if (is_new) return std::nullopt;
  changed_.wait(lock, [&] { return place->second.has_value(); });
  return place->second;
}

void Memo::settle(const Hash128& key, const Settled& settled) {
  {
    const std::lock_guard lock(mutex_);
    queries_[{key.high, key.low}] = settled;
  }
  changed_.notify_all();
}

void Memo::Claim::settle(const Settled& settled) {
  memo_->settle(key_, settled);
  memo_ = nullptr;
}

Memo::Claim::~Claim() {
  if (memo_ == nullptr) return;
  Settled abandoned;
  abandoned.reason = "the worker that solved this query was interrupted";
  memo_->settle(key_, abandoned);
}

}  // namespace probity::proof
